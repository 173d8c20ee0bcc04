import { readXml } from '../../src/callback/xml'

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

test('the two roots of CI’s newest page are read', () => {
  const xml =
    '<EventName>WorkflowFinish</EventName>\n<!-- b --><WorkflowExecution><State>s</State></WorkflowExecution>\n'
  expect(readXml(xml)).toEqual({ EventName: 'WorkflowFinish', WorkflowExecution: { State: 's' } })
  expect(readXml('<EventName/><WorkflowExecution/>')).toEqual({ EventName: null, WorkflowExecution: null })
})

describe('refused', () => {
  const deep = (levels: number): string => '<a>'.repeat(levels) + '</a>'.repeat(levels)

  test.each([
    ['malformed-xml', 'Unclosed root tag, line 1, column 3', '<R>'],
    ['malformed-xml', 'Unexpected close tag, line 2, column 4', '<R><a>\n</R>'],
    ['malformed-xml', 'Unexpected end, line 1, column 7', '<R/><!-'],
    ['malformed-xml', 'Unexpected end, line 1, column 1', '<'],
    ['malformed-xml', 'Text data outside of root node, line 1, column 5', '<R/>x'],
    ['malformed-xml', 'Text data outside of root node, line 1, column 5', '<R/>&amp;'],
    ['malformed-xml', 'a CDATA section outside of the root element, line 1, column 18', '<R/><![CDATA[ x]]>'],
    ['malformed-xml', 'a processing instruction after the root element, line 1, column 9', '<R/><?a?>'],
    [
      'malformed-xml',
      'an XML declaration that is not at the beginning, line 1, column 25',
      '<R/><?xml version="1.0"?>',
    ],
    [
      'malformed-xml',
      'an XML declaration that is not at the beginning, line 1, column 24',
      '<R><?xml version="1.0"?></R>',
    ],
    ['malformed-xml', 'Unquoted attribute value, line 1, column 6', '<R a=b/>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 9', '<R>&nope;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 9', '<R>&nbsp;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 16', '<R>&constructor;</R>'],
    ['malformed-xml', 'Invalid character in entity name, line 1, column 6', '<R>a& b</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 13', '<R>&#x110000;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 11', '<R>&#xD800;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 7', '<R>&#1;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 11', '<R>&#xFFFE;</R>'],
    ['malformed-xml', 'Invalid character entity, line 1, column 7', '<R>&#0;</R>'],
    ['malformed-xml', 'a character that XML does not have, line 1, column 4', '<R>\u0000a</R>'],
    ['malformed-xml', 'a character that XML does not have, line 1, column 13', '<R><![CDATA[\u001b]]></R>'],
    ['malformed-xml', 'a character that XML does not have, line 1, column 4', '<R>\uffff</R>'],
    ['doctype', 'a DOCTYPE, which callbacks never have, line 1, column 12', '<!DOCTYPE R><R/>'],
    [
      'doctype',
      'a DOCTYPE, which callbacks never have, line 1, column 39',
      '<!doctype R [<!ENTITY a "aaaaaaaaaa">]><R>&a;</R>',
    ],
    ['doctype', 'Inappropriately located doctype declaration, line 1, column 13', '<R/><!DOCTYPE R>'],
    ['second-root', 'a second root element, <S>, after <R>, line 1, column 8', '<R/><S/>'],
    ['second-root', 'a second root element, <R>, after <R>, line 1, column 8', '<R/><R/>'],
    [
      'second-root',
      'a second root element, <EventName>, after <WorkflowExecution>, line 1, column 32',
      '<WorkflowExecution/><EventName/>',
    ],
    [
      'second-root',
      'a second root element, <JobsDetail>, after <EventName>, line 1, column 25',
      '<EventName/><JobsDetail/>',
    ],
    [
      'second-root',
      'a second root element, <WorkflowExecution>, after <EventName,WorkflowExecution>, line 1, column 52',
      '<EventName/><WorkflowExecution/><WorkflowExecution/>',
    ],
    [
      'second-root',
      `a second root element, <${'x'.repeat(40)}…>, after <R>, line 1, column 107`,
      `<R/><${'x'.repeat(100)}/>`,
    ],
    ['too-deep', 'elements nested deeper than 64, line 1, column 195', deep(65)],
    ['too-deep', 'elements nested deeper than 64, line 1, column 195', deep(20_000)],
  ])('%s: %s', (code, what, xml) => {
    expect(() => readXml(xml)).toThrow(
      expect.objectContaining({ code, message: `The XML cannot be read: ${what}.` }),
    )
  })

  test('a declaration is refused in any case of its letters: none may stand in the middle', () => {
    for (const xml of ['<R><?XML version="1.0"?></R>', '<R/><?xml?>'])
      expect(() => readXml(xml)).toThrow(expect.objectContaining({ code: 'malformed-xml' }))
  })

  test('64 levels are not too deep', () => {
    expect(Object.keys(readXml(deep(64)))).toEqual(['a'])
  })

  test('an entity that a DOCTYPE would define is never expanded', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    expect(() => readXml(bomb)).toThrow(expect.objectContaining({ code: 'doctype' }))
  })
})
