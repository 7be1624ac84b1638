// @ts-check
/** Loaded before the function: prints each host that is looked up, and finds none of them, so that nothing leaves the machine. */
const dns = require('node:dns');

Reflect.set(
  dns,
  'lookup',
  /**
   * @param {string} host
   * @param {object} _options
   * @param {(error: Error) => void} callback
   */
  (host, _options, callback) => {
    process.stdout.write(`looked up ${host}\n`);
    process.nextTick(callback, Object.assign(new Error(`no ${host} here`), { code: 'ENOTFOUND' }));
  },
);
