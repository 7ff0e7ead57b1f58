// Stripe's SDK as its README shows it: a customer, a payment, and a look at that.
import Stripe from 'stripe'

const api = new URL(process.env.BASE_URL)
const stripe = new Stripe(process.env.KEY, {
  protocol: 'http',
  host: api.hostname,
  port: api.port,
  maxNetworkRetries: 2,
  timeout: 2000,
  telemetry: false,
})
const customer = await stripe.customers.create({ email: 'guest@example.com' })
const payment = await stripe.paymentIntents.create({ amount: 1999, currency: 'eur', customer: customer.id })
const found = await stripe.paymentIntents.retrieve(payment.id)
if (found.amount !== 1999) throw new Error('another amount than asked for')
