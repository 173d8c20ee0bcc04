import fc from '../../support/properties'
import { blanked } from '../../../src/net/blanked'
import { secretsInUrl } from '../../../src/net/url-secrets'

test('whatever stands after the host of a webhook, none of it is left of the whole URL', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 4 }),
      fc.array(fc.tuple(word, word), { maxLength: 3 }),
      (path, query) => {
        const rest = `/${path.join('/')}?${query.map((pair) => pair.join('=')).join('&')}`
        const url = `https://host.example${rest}`
        const shown = blanked(`asked ${url}, got nothing`, secretsInUrl(url))
        if (rest.length > 4) expect(shown).not.toContain(rest)
        for (const key of [...path, ...query.map(([, value]) => value)])
          if (key.length > 3) expect(blanked(`bad ${key}`, secretsInUrl(url))).not.toContain(`bad ${key}`)
        expect(blanked('host.example', secretsInUrl(url))).toContain('host')
      },
    ),
  )
})

test.each([
  ['redis://:p%2Fss%20w@h:6379/0', ['p%2Fss%20w', 'p/ss w']],
  ['file:/a/b', []],
  ['', []],
])('%s', (url, secrets) => {
  for (const secret of secrets) expect(secretsInUrl(url)).toContain(secret)
  if (secrets.length === 0) expect(secretsInUrl(url)).toEqual([])
})
