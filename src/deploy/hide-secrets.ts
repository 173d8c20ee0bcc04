/** Replaces, in place, every text in a configuration by what `hide` makes of it: `serverless print` shows the whole of it. */
export function hideSecretsIn(value: unknown, hide: (text: string) => string): void {
  if (typeof value !== 'object' || value === null) return
  const record = value as Record<string, unknown>
  for (const [name, inner] of Object.entries(record)) {
    if (typeof inner === 'string') record[name] = hide(inner)
    else hideSecretsIn(inner, hide)
  }
}
