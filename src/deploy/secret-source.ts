/**
 * `${secret:NAME}` in serverless.yml: a variable of the environment, or of .env. serverless's own `${env:NAME}` is read before any plugin
 * is there, takes a `${` within the value for a variable again, and repeats the value when it makes no sense of it.
 */
export const SECRET_SOURCE = {
  resolve: ({ address }: { readonly address: string }): { readonly value: string } => {
    const value = process.env[address] ?? ''
    if (value.includes('${'))
      throw new Error(`${address}: serverless would take its \${ for a variable; write %24{ in a URL`)
    return { value }
  },
}
