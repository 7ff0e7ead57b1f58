// The webhook receiver that belongs to client.mjs: the signature is checked over the raw bytes, and an event is stored
// once, on the disk, before it is acknowledged. What cannot be processed becomes a dead letter.
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUtf8 } from 'node:buffer'
import express from 'express'
import { Journal, operate } from '../receivers/journal.mjs'

const { PORT, SECRET, PREVIOUS, STORE } = process.env
const TOLERANCE_S = 300
const journal = new Journal(STORE)

function isGenuine(header, body) {
  const pairs = header.split(',').map((part) => part.split('='))
  const stamps = pairs.filter(([name]) => name === 't').map(([, value]) => value)
  if (stamps.length !== 1 || !/^\d{1,12}$/.test(stamps[0])) return false
  if (Math.abs(Date.now() / 1000 - Number(stamps[0])) > TOLERANCE_S) return false
  const given = pairs.filter(([name, value]) => name === 'v1' && /^[0-9a-f]{64}$/.test(value)).slice(0, 10)
  return [SECRET, PREVIOUS].filter(Boolean).some((secret) => {
    const right = createHmac('sha256', secret).update(`${stamps[0]}.`).update(body).digest()
    return given.some(([, value]) => timingSafeEqual(Buffer.from(value, 'hex'), right))
  })
}

function eventIn(body) {
  try {
    const event = isUtf8(body) ? JSON.parse(body.toString()) : null
    return typeof event?.id === 'string' && typeof event.type === 'string' ? event : null
  } catch {
    return null
  }
}

// Throws for what is no event that we know; that becomes a dead letter.
function handle(body) {
  const { type, createdAt, data } = JSON.parse(body.toString())
  const [kind] = type.split('.')
  if (!['project', 'run'].includes(kind)) throw new Error('an event of an unknown type')
  const object = data?.[kind]
  const texts = [object?.id, object?.[kind === 'run' ? 'status' : 'name']]
  if (texts.some((text) => typeof text !== 'string')) throw new Error(`the event has no whole ${kind}`)
  const isDate = (text) => typeof text === 'string' && /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text))
  if (![createdAt, object.createdAt].every(isDate)) throw new Error('a date cannot be read')
}

const app = express()
app.get('/healthz', (req, res) => res.end())
app.post('/webhooks/product', express.raw({ type: () => true, limit: '1mb', inflate: false }), (req, res) => {
  if (!SECRET || !Buffer.isBuffer(req.body)) return res.status(401).end()
  if (!isGenuine(req.get('x-product-signature') ?? '', req.body)) return res.status(401).end()
  const event = eventIn(req.body)
  if (!event) return res.status(400).end()
  journal.take(event.id, req.body, handle)
  res.end()
})
operate(app, journal, handle)
app.use((error, req, res, next) => res.status(error.status ?? 500).end())
app.listen(PORT, '127.0.0.1')
