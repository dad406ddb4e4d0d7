// SPDX licence expressions, as far as package registries use them: AND, OR, WITH, parentheses, and the old "/" for OR.

/**
 * Whether a licence expression can be met with the allowed licences alone.
 * @param {string} expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`
 * @param {Set<string>} allow identifiers, `X WITH Y` as one
 */
export function allowed(expression, allow) {
  const words = expression.replace(/\//g, ' OR ').replace(/([()])/g, ' $1 ').trim().split(/\s+/);
  let at = 0;
  const next = () => words[at++];
  const atom = () => {
    if (words[at] === '(') {
      next();
      const inner = either();
      if (next() !== ')') throw new Error(`licence expression: ${expression}`);
      return inner;
    }
    let id = next();
    if (words[at] === 'WITH') id = `${id} ${next()} ${next()}`;
    return allow.has(id);
  };
  const both = () => {
    let met = atom();
    while (words[at] === 'AND') {
      next();
      met = atom() && met;
    }
    return met;
  };
  const either = () => {
    let met = both();
    while (words[at] === 'OR') {
      next();
      met = both() || met;
    }
    return met;
  };
  const met = either();
  if (at !== words.length) throw new Error(`licence expression: ${expression}`);
  return met;
}
