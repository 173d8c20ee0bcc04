import fc from './properties'

/** What someone who may name an object could try. */
const HOSTILE_NAMES = [
  '**x**](http://evil)',
  '[x](http://evil.example/login)',
  '![x](http://evil.example/x.png)',
  '<@U123>',
  '<@all>',
  '<!channel>',
  '<!here|here>',
  '<http://evil|ok>',
  '@all',
  '<at user_id="all">everyone</at>',
  '<at id=all></at>',
  '<font color="info">fine</font>',
  '</font><script>',
  '`code`',
  '```\nblock\n```',
  '\n# heading\n> quote\n- list\n1. list\n---\n',
  '_x_ *x* ~x~ ~~x~~ __x__',
  ':fire: :warning:',
  '&lt;@U123&gt; &amp; &#60;',
  '{{template "x"}} {{.Labels}} $labels',
  '"},{"tag":"at","user_id":"all"',
  '\u001b[2J\u001b[31mred\u0007\u0000',
  '\u202egnp.exe',
  '\ud800 lone \udc00',
  '😀'.repeat(60),
  '转'.repeat(90),
  '\\*x\\* \\[x\\]',
  '|a|b|\n|-|-|',
  '',
  ' ',
] as const

/** Hostile names, any characters, and long runs of one. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...HOSTILE_NAMES),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc
        .tuple(fc.constantFrom('x', '界', '😀', '*', '"', '\\', '<'), fc.integer({ min: 1, max: 1500 }))
        .map(([c, n]) => c.repeat(n)),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(''))
