// axios with axios-retry, as the README of that shows it: the projects, a new one, and a look at that.
import { randomUUID } from 'node:crypto'
import axios from 'axios'
import axiosRetry from 'axios-retry'

const client = axios.create({
  baseURL: process.env.BASE_URL,
  headers: { Authorization: `Bearer ${process.env.KEY}` },
  timeout: 2000,
})
axiosRetry(client, { retries: 3, retryDelay: axiosRetry.exponentialDelay })
await client.get('/projects')
const project = { name: 'Nightly export', ownerEmail: 'owner@example.com' }
const made = await client.post('/projects', project, { headers: { 'Idempotency-Key': randomUUID() } })
const found = await client.get(`/projects/${made.data.id}`)
if (found.data.name !== project.name) throw new Error('another project')
