// GitHub's SDK with its plugin for retries, as the README of that shows it: the labels, an issue, and a look at that.
import { Octokit } from '@octokit/core'
import { retry } from '@octokit/plugin-retry'

const octokit = new (Octokit.plugin(retry))({ auth: process.env.KEY, baseUrl: process.env.BASE_URL })
const shop = { owner: 'acme', repo: 'shop' }
const [label] = (await octokit.request('GET /repos/{owner}/{repo}/labels', shop)).data
const report = { title: 'Nightly export', labels: [label.name] }
const made = await octokit.request('POST /repos/{owner}/{repo}/issues', { ...shop, ...report })
await octokit.request('GET /repos/{owner}/{repo}/issues/{issue_number}', { ...shop, issue_number: made.data.number })
