// The core workflow: a project, a run of it, and its state until it has ended. Exits with 0 if all of that went well.
import { setTimeout as sleep } from 'node:timers/promises'
import { ProductClient } from './client.mjs'

const client = new ProductClient({ baseUrl: process.env.PRODUCT_BASE_URL, apiKey: process.env.PRODUCT_API_KEY })

function whole(object) {
  if (typeof object?.id !== 'string') throw new Error('no object in the answer')
  return object
}

try {
  const project = whole(await client.post('/projects', { name: 'Nightly export', ownerEmail: 'owner@example.com' }))
  const run = whole(await client.post('/runs', { projectId: project.id, trigger: 'manual' }))
  let { status } = run
  for (let asked = 0; asked < 100 && !['succeeded', 'failed'].includes(status); asked += 1) {
    await sleep(20)
    status = whole(await client.get(`/runs/${run.id}`)).status
  }
  if (status !== 'succeeded') throw new Error(`the run is ${status}`)
} catch (error) {
  console.error(JSON.stringify({ level: 'error', message: 'workflow failed', reason: error.message }))
  process.exitCode = 1
}
