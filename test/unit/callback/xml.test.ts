import { readXml } from '../../../src/callback/xml'

const read = (inner: string): unknown => readXml(`<R>${inner}</R>`)['R']

describe('text is kept as sent', () => {
  test.each(['007', '1e5', 'true', 'null', ' a  b\n', '😀 中文', '0x1F', '- '])('%j', (text) => {
    expect(read(`<a>${text}</a>`)).toEqual({ a: text })
  })

  test.each([
    ['&amp;&lt;&gt;&quot;&apos;', '&<>"\''],
    ['&#20013;&#x6587;&#x1F600;', '中文😀'],
    ['&amp;lt;&amp;#20013;', '&lt;&#20013;'],
    ['%E4%B8%AD+%26', '%E4%B8%AD+%26'],
    ['<![CDATA[<b>&amp;</b>]]>', '<b>&amp;</b>'],
    ['a<![CDATA[b]]>c<!-- d -->e&#102;', 'abcef'],
    ['&#9;a&#10;&#13;', '\ta\n\r'],
  ])('%s', (text, expected) => {
    expect(read(`<a>${text}</a>`)).toEqual({ a: expected })
  })
})

describe('elements', () => {
  test('that are empty are null, in every form', () => {
    for (const empty of ['<a/>', '<a></a>', '<a />', '<a>\n </a>', '<a x="1"/>', '<a><!-- b --></a>'])
      expect(read(empty)).toEqual({ a: null })
  })

  test('that come again are a list, the empty ones too', () => {
    expect(read('<a>1</a><b/><a/><a><c>3</c></a>')).toEqual({ a: ['1', null, { c: '3' }], b: null })
    expect(read('<a/><a/>')).toEqual({ a: [null, null] })
  })

  test('keep text beside children apart from them', () => {
    expect(read('<a>x<State>y</State>z</a>')).toEqual({ a: { '#text': 'xz', State: 'y' } })
  })

  test('named like parts of every object are names like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'cdata', 'valueOf', 'length']
    const node = read(names.map((name) => `<${name}>1</${name}><${name}>2</${name}>`).join('')) as object
    expect(Object.keys(node)).toEqual(names)
    for (const name of names) expect(Object.getOwnPropertyDescriptor(node, name)?.value).toEqual(['1', '2'])
    expect(Object.getPrototypeOf(node)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['State']).toBeUndefined()
  })

  test('named cdata are kept beside CDATA sections, in any order', () => {
    const section = '<![CDATA[x]]>'
    for (const parts of [
      ['<cdata>keep</cdata>', '<b>1</b>', section],
      [section, '<cdata>keep</cdata>', '<b>1</b>'],
      ['<b>1</b>', section, '<cdata>keep</cdata>', section.replace('x', '')],
    ])
      expect(read(`<a>${parts.join('')}</a>`)).toEqual({ a: { '#text': 'x', b: '1', cdata: 'keep' } })
    expect(read(`<a><cdata>1</cdata>${section}<cdata>2</cdata></a>`)).toEqual({
      a: { '#text': 'x', cdata: ['1', '2'] },
    })
    expect(read(`<a><cdata>${section}</cdata></a>`)).toEqual({ a: { cdata: 'x' } })
    expect(read('<a><![CDATA[ ]]></a>')).toEqual({ a: ' ' })
  })

  test('named __proto__ at the root is a root like any other', () => {
    const roots = readXml('<__proto__><State>Success</State></__proto__>')
    expect(Object.keys(roots)).toEqual(['__proto__'])
    expect(roots['State']).toBeUndefined()
  })
})

test('around the root: a declaration, comments, white space', () => {
  const xml = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- a > b -->\n<R><a>1</a></R>\n<!-- <R/> --> \r\n\t'
  expect(readXml(xml)).toEqual({ R: { a: '1' } })
  expect(readXml('<?xml version="1.0"?><?style sheet?><R/>')).toEqual({ R: null })
  expect(readXml('<R><?php echo ?><a>1</a></R>')).toEqual({ R: { a: '1' } })
})

test.each([
  '<?xml version="1.0"?><R/>',
  '<?xml version="1.1" ?><R/>',
  "<?xml\n\tversion = '1.0'\r\n encoding = 'GBK' standalone = 'yes' ?><R/>",
  '<?xml version="1.0" encoding="UTF-16"?><R/>',
  '<?xml version="1.0" standalone="no"?><R/>',
  '<?xml-stylesheet href="a?b>"?><R/>',
  '\n\t <?xml version="1.0"?><R/>',
  '<!-- - a -b - --><R/>',
  '<R><!----></R>',
  '<R xmlns="http://a/?b=1&amp;c" xmlns:x=\'y"z\'\n  x:a = "]]>" />',
  '<R\n></R\t>',
  '<R><?a?><?a b?c?></R>',
  '<R>\n</R>',
])('well-formed, and empty for us: %j', (xml) => {
  expect(readXml(xml)).toEqual({ R: null })
})

test.each([
  ['<R>a ]] > ]> &gt;</R>', 'a ]] > ]> >'],
  ['<R><![CDATA[ ]] > ]]]></R>', ' ]] > ]'],
  ['<R>&#x0000000000000000000000000041;</R>', 'A'],
  ['<R>&#1114111;&#9;</R>', '\u{10ffff}\t'],
  ['<R>"\'></R>', '"\'>'],
  ['<R>a<b/>c</R>', { '#text': 'ac', b: null }],
])('%s', (xml, expected) => {
  expect(readXml(xml)).toEqual({ R: expected })
})

test('names in any of the letters of the first plane', () => {
  expect(readXml('<数据 é=""><_a.b-c·1/></数据>')).toEqual({ 数据: { '_a.b-c·1': null } })
})

test('a text of many references, comments and CDATA sections is one text', () => {
  const parts = Array.from({ length: 3_000 }, (_, index) => `${index}&amp;<!-- c --><![CDATA[<]]>&#x4e2d;`)
  expect(readXml(`<R>${parts.join('')}</R>`)).toEqual({
    R: Array.from({ length: 3_000 }, (_, index) => `${index}&<中`).join(''),
  })
})

test('a long body is read as a short one is', () => {
  const element = '<a><b>1</b><c/><d>2<e/></d><__proto__>p</__proto__><c>3</c></a>'
  const read = readXml(`<R>${element}</R>`)['R'] as { a: unknown }
  const long = readXml(`<R>${element.repeat(2_000)}</R>`)['R'] as { a: readonly unknown[] }
  expect(long.a).toHaveLength(2_000)
  expect(JSON.stringify(long.a[1_999])).toBe(JSON.stringify(read.a))
})

test('the two roots of CI’s newest page are read', () => {
  const xml =
    '<EventName>WorkflowFinish</EventName>\n<!-- b --><WorkflowExecution><State>s</State></WorkflowExecution>\n'
  expect(readXml(xml)).toEqual({ EventName: 'WorkflowFinish', WorkflowExecution: { State: 's' } })
  expect(readXml('<EventName/><WorkflowExecution/>')).toEqual({ EventName: null, WorkflowExecution: null })
})

const deep = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels)

const refusal = (code: string, what: string, line: number, column: number): Error =>
  expect.objectContaining({
    code,
    message: `The XML cannot be read: ${what}, line ${line}, column ${column}.`,
  }) as Error

/** The kinds of documents that W3C's test suite lists as not well-formed, and what callbacks never are. */
describe('refused, with the place', () => {
  describe('cut off', () => {
    test.each([
      ['<R>', 'malformed-xml', 'Unclosed root tag', 1, 3],
      ['<R><a>', 'malformed-xml', 'Unclosed root tag', 1, 6],
      ['<R/><!-', 'malformed-xml', 'Unexpected end', 1, 7],
      ['<', 'malformed-xml', 'Unexpected end', 1, 1],
      ['<R', 'malformed-xml', 'Unexpected end', 1, 2],
      ['<R ', 'malformed-xml', 'Unexpected end', 1, 3],
      ['<R a', 'malformed-xml', 'Unexpected end', 1, 4],
      ['<R a=', 'malformed-xml', 'Unexpected end', 1, 5],
      ['<R a="', 'malformed-xml', 'Unexpected end', 1, 6],
      ['<R a="b"', 'malformed-xml', 'Unexpected end', 1, 8],
      ['<R/', 'malformed-xml', 'Unexpected end', 1, 3],
      ['<R></R', 'malformed-xml', 'Unclosed root tag', 1, 6],
      ['<R></', 'malformed-xml', 'Unclosed root tag', 1, 5],
      ['<R><!-- a', 'malformed-xml', 'Unclosed root tag', 1, 9],
      ['<R><!-- a --', 'malformed-xml', 'Unclosed root tag', 1, 12],
      ['<R><![CDATA[ a ]]', 'malformed-xml', 'Unclosed root tag', 1, 17],
      ['<R><![CD', 'malformed-xml', 'Unclosed root tag', 1, 8],
      ['<R><?a', 'malformed-xml', 'Unclosed root tag', 1, 6],
      ['<R><?a b', 'malformed-xml', 'Unclosed root tag', 1, 8],
      ['<R>&am', 'malformed-xml', 'Unclosed root tag', 1, 6],
      ['<?xml version="1.0"', 'malformed-xml', 'Unexpected end', 1, 19],
      ['<!', 'malformed-xml', 'Unexpected end', 1, 2],
      ['<!-- a -->', 'malformed-xml', 'Unexpected end', 1, 10],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('tags', () => {
    test.each([
      ['<R><a>\n</R>', 'malformed-xml', 'Unexpected close tag, not </a>', 2, 1],
      ['<R></r>', 'malformed-xml', 'Unexpected close tag, not </R>', 1, 4],
      ['</R>', 'malformed-xml', 'a closing tag outside of the root element', 1, 1],
      ['<R/></R>', 'malformed-xml', 'a closing tag outside of the root element', 1, 5],
      ['<R></R >x', 'malformed-xml', 'Text data outside of root node', 1, 9],
      ['<R><a></b></R>', 'malformed-xml', 'Unexpected close tag, not </a>', 1, 7],
      ['<R></ R>', 'malformed-xml', 'Unexpected close tag, not </R>', 1, 4],
      ['< R/>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 2],
      ['<R / >', 'malformed-xml', 'a tag with what is no attribute', 1, 4],
      ['<R/ >', 'malformed-xml', 'a tag with what is no attribute', 1, 3],
      ['<R//>', 'malformed-xml', 'a tag with what is no attribute', 1, 3],
      ['<R><></R>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 5],
      ['<1/>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 2],
      ['<-a/>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 2],
      ['<.a/>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 2],
      ['<R><a&b/></R>', 'malformed-xml', 'a tag with what is no attribute', 1, 6],
      ['<\u00d7/>', 'malformed-xml', 'a tag whose name XML does not allow', 1, 2],
      ['<a\u2014/>', 'malformed-xml', 'a tag with what is no attribute', 1, 3],
      ['<R><a<b/></R>', 'malformed-xml', 'a tag with what is no attribute', 1, 6],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('attributes', () => {
    test.each([
      ['<R a=b/>', 'malformed-xml', 'an attribute value without quotes', 1, 6],
      ['<R a/>', 'malformed-xml', 'an attribute without a value', 1, 5],
      ['<R a="1" a="2"/>', 'malformed-xml', 'the attribute a twice in one tag', 1, 10],
      ['<R a="1"b="2"/>', 'malformed-xml', 'no white space in front of an attribute', 1, 9],
      ['<R a="<"/>', 'malformed-xml', 'a `<` inside of an attribute value', 1, 7],
      ['<R a="&"/>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 7],
      ['<R a="&nope;"/>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 7],
      ['<R a="&#0;"/>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 7],
      ['<R a=\'1"/>', 'malformed-xml', 'Unexpected end', 1, 10],
      ['<R a="1/>', 'malformed-xml', 'Unexpected end', 1, 9],
      ['<R a= "1" = "2"/>', 'malformed-xml', 'a tag with what is no attribute', 1, 11],
      ['<R "a"/>', 'malformed-xml', 'a tag with what is no attribute', 1, 4],
      ['<R 1="1"/>', 'malformed-xml', 'a tag with what is no attribute', 1, 4],
      ['<R a="1" / b="2"/>', 'malformed-xml', 'a tag with what is no attribute', 1, 10],
      ['<a></a b="1">', 'malformed-xml', 'Unexpected close tag, not </a>', 1, 4],
      ['<R a:="1" a:="2"/>', 'malformed-xml', 'the attribute a: twice in one tag', 1, 11],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('text', () => {
    test.each([
      ['<R>a]]>b</R>', 'malformed-xml', 'a `]]>` that ends no CDATA section', 1, 5],
      ['<R>]]></R>', 'malformed-xml', 'a `]]>` that ends no CDATA section', 1, 4],
      ['<R>]]]></R>', 'malformed-xml', 'a `]]>` that ends no CDATA section', 1, 5],
      ['<R>a & b</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 6],
      ['<R>&</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&amp</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&AMP;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&nope;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&nbsp;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      [
        '<R>&constructor;</R>',
        'malformed-xml',
        'an `&` that begins none of the references that XML has',
        1,
        4,
      ],
      ['<R>&#;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&#x;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&#X41;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&#12a;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&#xg;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>&#0;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#1;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#x1F;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#xD800;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#xDFFF;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#xFFFE;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      ['<R>&#x110000;</R>', 'malformed-xml', 'a reference to a character that XML does not have', 1, 4],
      [
        '<R>&#99999999999999999999999999;</R>',
        'malformed-xml',
        'a reference to a character that XML does not have',
        1,
        4,
      ],
      ['<R>&#65</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>& #65;</R>', 'malformed-xml', 'an `&` that begins none of the references that XML has', 1, 4],
      ['<R>\u0000a</R>', 'malformed-xml', 'a character that XML does not have', 1, 4],
      ['<R>\u001b[1m</R>', 'malformed-xml', 'a character that XML does not have', 1, 4],
      ['<R><![CDATA[\u001b]]></R>', 'malformed-xml', 'a character that XML does not have', 1, 13],
      ['<R><!-- \b --></R>', 'malformed-xml', 'a character that XML does not have', 1, 9],
      ['<R a="\u000b"/>', 'malformed-xml', 'a character that XML does not have', 1, 7],
      ['<R>\ufffe</R>', 'malformed-xml', 'a character that XML does not have', 1, 4],
      ['<R>\uffff</R>', 'malformed-xml', 'a character that XML does not have', 1, 4],
      ['\f<R/>', 'malformed-xml', 'a character that XML does not have', 1, 1],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('comments and CDATA', () => {
    test.each([
      ['<R><!-- a -- b --></R>', 'malformed-xml', 'two hyphens inside of a comment', 1, 11],
      ['<R><!-- a ---></R>', 'malformed-xml', 'two hyphens inside of a comment', 1, 11],
      ['<R><!--></R>', 'malformed-xml', 'Unclosed root tag', 1, 12],
      ['<R><!---></R>', 'malformed-xml', 'Unclosed root tag', 1, 13],
      [
        '<R><! -- a --></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><![cdata[a]]></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><![CDATA [a]]></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><![ CDATA[a]]></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      ['<R/><![CDATA[ x]]>', 'malformed-xml', 'a CDATA section outside of the root element', 1, 5],
      ['<![CDATA[x]]><R/>', 'malformed-xml', 'a CDATA section outside of the root element', 1, 1],
      ['<R><![CDATA[a]]>]]></R>', 'malformed-xml', 'a `]]>` that ends no CDATA section', 1, 17],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('instructions', () => {
    test.each([
      ['<R/><?a?>', 'malformed-xml', 'a processing instruction after the root element', 1, 5],
      ['<R/><?xml version="1.0"?>', 'malformed-xml', 'an XML declaration that is not at the beginning', 1, 5],
      [
        '<R><?xml version="1.0"?></R>',
        'malformed-xml',
        'an XML declaration that is not at the beginning',
        1,
        4,
      ],
      [
        '<!-- a --><?xml version="1.0"?><R/>',
        'malformed-xml',
        'an XML declaration that is not at the beginning',
        1,
        11,
      ],
      ['<R><?XML a?></R>', 'malformed-xml', 'an XML declaration that is not at the beginning', 1, 4],
      ['<R><?xMl?></R>', 'malformed-xml', 'an XML declaration that is not at the beginning', 1, 4],
      ['<R><? a?></R>', 'malformed-xml', 'a processing instruction whose name XML does not allow', 1, 6],
      ['<R><??></R>', 'malformed-xml', 'a processing instruction whose name XML does not allow', 1, 6],
      ['<R><?1?></R>', 'malformed-xml', 'a processing instruction whose name XML does not allow', 1, 6],
      ['<R><?a&?></R>', 'malformed-xml', 'a name that XML does not allow', 1, 7],
      [
        '<?xml?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml ?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      ['<?XML version="1.0"?><R/>', 'malformed-xml', 'an XML declaration that is not at the beginning', 1, 1],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('the declaration', () => {
    test.each([
      [
        '<?xml version="2.0"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version=1.0?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0\'?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" version="1.0"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml encoding="UTF-8"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml encoding="UTF-8" version="1.0"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" standalone="yes" encoding="UTF-8"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" standalone="maybe"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" standalone="YES"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0"encoding="UTF-8"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" encoding=""?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" encoding="1UTF"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" encoding="a b"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml VERSION="1.0"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      [
        '<?xml version="1.0" a="b"?><R/>',
        'malformed-xml',
        'an XML declaration in which something is missing, wrong or out of order',
        1,
        1,
      ],
      ['<?xml version="1.0">\n<R/>', 'malformed-xml', 'Unexpected end', 2, 4],
      ['<?xmlversion="1.0"?><R/>', 'malformed-xml', 'a name that XML does not allow', 1, 13],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('declarations', () => {
    test.each([
      ['<!DOCTYPE R><R/>', 'doctype', 'a DOCTYPE, which callbacks never have', 1, 1],
      [
        '<!doctype R [<!ENTITY a "aaaaaaaaaa">]><R>&a;</R>',
        'doctype',
        'a DOCTYPE, which callbacks never have',
        1,
        1,
      ],
      ['<R/><!DOCTYPE R>', 'doctype', 'a DOCTYPE, which callbacks never have', 1, 5],
      ['<R><!DOCTYPE R></R>', 'doctype', 'a DOCTYPE, which callbacks never have', 1, 4],
      ['<!DOCTYPE', 'doctype', 'a DOCTYPE, which callbacks never have', 1, 1],
      ['<R><!FOO></R>', 'malformed-xml', 'a `<!` that begins neither a comment nor a CDATA section', 1, 4],
      [
        '<R><!ELEMENT R ANY></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><!ENTITY a "b"></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><!ATTLIST R a CDATA #IMPLIED></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<R><!NOTATION a SYSTEM "b"></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      [
        '<!ELEMENT R ANY><R/>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        1,
      ],
      [
        '<R><![INCLUDE[a]]></R>',
        'malformed-xml',
        'a `<!` that begins neither a comment nor a CDATA section',
        1,
        4,
      ],
      ['<R><!aaaa</R>', 'malformed-xml', 'a `<!` that begins neither a comment nor a CDATA section', 1, 4],
      ['<R><!></R>', 'malformed-xml', 'a `<!` that begins neither a comment nor a CDATA section', 1, 4],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('outside of the root', () => {
    test.each([
      ['<R/>x', 'malformed-xml', 'Text data outside of root node', 1, 5],
      ['<R/>&amp;', 'malformed-xml', 'Text data outside of root node', 1, 5],
      ['<R/>&#32;', 'malformed-xml', 'Text data outside of root node', 1, 5],
      ['<!-- a -->x<R/>', 'malformed-xml', 'Text data outside of root node', 1, 11],
      ['<R/>]]>', 'malformed-xml', 'Text data outside of root node', 1, 5],
      ['<R/><S/>', 'second-root', 'a second root element, <S>, after <R>', 1, 5],
      ['<R/><R/>', 'second-root', 'a second root element, <R>, after <R>', 1, 5],
      ['<R/>\u00a0', 'malformed-xml', 'Text data outside of root node', 1, 5],
      [
        '<WorkflowExecution/><EventName/>',
        'second-root',
        'a second root element, <EventName>, after <WorkflowExecution>',
        1,
        21,
      ],
      [
        '<EventName/><JobsDetail/>',
        'second-root',
        'a second root element, <JobsDetail>, after <EventName>',
        1,
        13,
      ],
      [
        '<EventName/><WorkflowExecution/><WorkflowExecution/>',
        'second-root',
        'a second root element, <WorkflowExecution>, after <EventName,WorkflowExecution>',
        1,
        33,
      ],
      ['<EventName/>x<WorkflowExecution/>', 'malformed-xml', 'Text data outside of root node', 1, 13],
      [
        `<R/><${'x'.repeat(100)}/>`,
        'second-root',
        `a second root element, <${'x'.repeat(40)}…>, after <R>`,
        1,
        5,
      ],
    ])('%j: %s: %s', (xml, code, what, line, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, line, column))
    })
  })

  describe('more than may be', () => {
    test.each([
      [deep(65), 'too-deep', 'elements nested deeper than 64', 193],
      [`${'<a>'.repeat(64)}<b/>`, 'too-deep', 'elements nested deeper than 64', 193],
      [deep(20_000), 'too-deep', 'elements nested deeper than 64', 193],
      [`<R><${'n'.repeat(257)}/></R>`, 'too-long', 'a name longer than 256 characters', 4],
      [
        `<R><${'n'.repeat(257)}>1</${'n'.repeat(257)}></R>`,
        'too-long',
        'a name longer than 256 characters',
        4,
      ],
      [`<R ${'n'.repeat(257)}="1"/>`, 'too-long', 'a name longer than 256 characters', 1],
      [`<R>${'<a/>'.repeat(250_000)}</R>`, 'too-many', 'more than 250000 elements', 1_000_000],
      [`<R>${'<a>1</a>'.repeat(250_000)}</R>`, 'too-many', 'more than 250000 elements', 1_999_996],
      [`<R>${'<a b=""/>'.repeat(1_001)}</R>`, 'too-many', 'more than 1000 attributes', 9_007],
    ])('%.20s…: %s: %s', (xml, code, what, column) => {
      expect(() => readXml(xml)).toThrow(refusal(code, what, 1, column))
    })

    test('and as much as may be is read', () => {
      expect(Object.keys(readXml(deep(64)))).toEqual(['a'])
      expect(readXml(`<R>${'<a/>'.repeat(249_999)}</R>`)).toEqual({
        R: { a: Array.from({ length: 249_999 }, () => null) },
      })
      expect(readXml(`<R>${'<a b=""/>'.repeat(1_000)}</R>`)).toHaveProperty('R.a.length', 1_000)
      expect(readXml(`<${'n'.repeat(256)}/>`)).toEqual({ ['n'.repeat(256)]: null })
    })
  })

  test('an entity that a DOCTYPE would define is never expanded', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    expect(() => readXml(bomb)).toThrow(expect.objectContaining({ code: 'doctype' }))
  })
})
