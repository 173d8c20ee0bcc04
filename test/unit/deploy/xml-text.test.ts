import { escaped, inside, textIn, withInside } from '../../../tools/deploy/cloud/xml-text'

const xml =
  '<A><Start>x</Start><Nodes><Start><Type>Start</Type><Start>inner</Start></Start></Nodes><Empty/></A>'

test('the inside of an element, its namesakes within it included', () => {
  expect(inside(xml, 'Start')).toBe('x')
  expect(inside(inside(xml, 'Nodes')!, 'Start')).toBe('<Type>Start</Type><Start>inner</Start>')
  expect(inside(xml, 'Empty')).toBe('')
  expect(inside(xml, 'Sta')).toBeNull()
})

test('a change leaves all else as it was', () => {
  expect(withInside(xml, 'Start', 'y')).toBe(xml.replace('<Start>x</Start>', '<Start>y</Start>'))
  expect(withInside(xml, 'Empty', 'z')).toBe(xml.replace('<Empty/>', '<Empty>z</Empty>'))
  expect(withInside('<B></B>', 'C', '$& $1')).toBe('<B></B><C>$& $1</C>')
})

test('text is escaped on its way in and out, once', () => {
  const text = `a<b>&amp;"c"'d'`
  expect(textIn(`<T> ${escaped(text)} </T>`, 'T')).toBe(text)
  expect(textIn('<T/>', 'T')).toBe('')
})
