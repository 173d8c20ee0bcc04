import type { IntegratedResponse } from '@tencentcloud/serverless-nodejs-types'
import type { Answer } from './answer'

/** The integrated response: with either trigger, anything else would reach the client as something else. */
export function toIntegratedResponse(answer: Answer): IntegratedResponse {
  return {
    isBase64Encoded: false,
    statusCode: answer.status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      ...answer.headers,
    },
    body: JSON.stringify(answer.body),
  }
}
