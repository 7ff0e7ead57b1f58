// The integration guide's ProductClient on fetch: a key, a deadline, retries with back-off, and idempotency keys.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const RETRIED = new Set([408, 409, 425, 429, 500, 502, 503, 504])

export class ProductError extends Error {
  constructor(message, { status, retryAfter, again = false, cause } = {}) {
    super(message, { cause })
    Object.assign(this, { status, retryAfter, again })
  }
}

export class ProductClient {
  constructor({ baseUrl, apiKey, attempts = 4, timeoutMs = 2000, longestWaitMs = 5000 }) {
    Object.assign(this, { baseUrl, attempts, timeoutMs, longestWaitMs })
    this.headers = { authorization: `Bearer ${apiKey}`, accept: 'application/json' }
  }

  get(path) {
    return this.call(path, { method: 'GET', headers: this.headers })
  }

  post(path, body) {
    const headers = { ...this.headers, 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    return this.call(path, { method: 'POST', headers, body: JSON.stringify(body) })
  }

  async call(path, request) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.once(path, request)
      } catch (error) {
        const waitMs = this.wait(attempt, error.retryAfter)
        if (!error.again || attempt >= this.attempts || waitMs > this.longestWaitMs) throw error
        await sleep(waitMs)
      }
    }
  }

  async once(path, request) {
    const signal = AbortSignal.timeout(this.timeoutMs) // of the whole response
    try {
      const response = await fetch(this.baseUrl + path, { ...request, redirect: 'manual', signal })
      if (response.ok) return JSON.parse(await response.text())
      const { status, headers } = response
      await response.body?.cancel()
      throw new ProductError(`HTTP ${status}`, { status, retryAfter: headers.get('retry-after'), again: RETRIED.has(status) })
    } catch (error) {
      if (error instanceof ProductError) throw error
      throw new ProductError(`no whole answer: ${error.cause?.code ?? error.name}`, { again: true, cause: error })
    }
  }

  wait(attempt, asked) {
    const own = 100 * 2 ** attempt * (0.5 + Math.random() / 2)
    if (!asked) return own
    const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now()
    return Math.max(own, ms || 0)
  }
}
