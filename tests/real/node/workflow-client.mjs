// The core workflow through undici, as a user's own client would do it: node workflow-client.mjs BASE_URL
// Prints what it saw as one line of JSON. The key comes from the environment.
import { Client } from 'undici'

const client = new Client(process.argv[2])
const headers = { authorization: `Bearer ${process.env.PRODUCT_API_KEY}`, accept: 'application/json' }

async function call(method, path, body) {
  const sent = body ? { ...headers, 'content-type': 'application/json' } : headers
  const answer = await client.request({ method, path, headers: sent, body: body && JSON.stringify(body) })
  return { status: answer.statusCode, body: await answer.body.json() }
}

const project = await call('POST', '/projects', { name: 'Nightly export', ownerEmail: 'owner@example.com' })
const run = await call('POST', '/runs', { projectId: project.body.id, trigger: 'manual' })
const seen = []
for (let attempt = 0; attempt < 100 && seen.at(-1) !== 'succeeded'; attempt++) {
  const { body } = await call('GET', `/runs/${run.body.id}`)
  if (seen.at(-1) !== body.status) seen.push(body.status)
  await new Promise((resolve) => setTimeout(resolve, 20))
}
const list = await call('GET', `/runs?projectId=${project.body.id}`)
await client.close()
console.log(JSON.stringify({ statuses: [project.status, run.status, list.status], seen, runs: list.body.items.length }))
