// Appends synchronously and never rotates. Without a working spdlog the files of log channels stay
// empty and the server's log drowns in stack traces.
const fs = require('fs');
const path = require('path');

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];
const pad = (number, width = 2) => String(number).padStart(width, '0');

function stamp(date) {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())].join('-');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n)).join(':');
  return `${day} ${time}.${pad(date.getMilliseconds(), 3)}`;
}

class Logger {
  constructor(file) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    this.file = fs.openSync(file, 'a');
    this.level = LEVELS.indexOf('info');
    this.bare = false;
  }
  getLevel() {
    return this.level;
  }
  setLevel(level) {
    this.level = level;
  }
  setPattern() {}
  // The caller brings its own line format.
  clearFormatters() {
    this.bare = true;
  }
  flush() {}
  drop() {
    if (this.file !== undefined) fs.closeSync(this.file);
    this.file = undefined;
  }
}

LEVELS.forEach((name, level) => {
  Logger.prototype[name] = function write(message) {
    if (level < this.level || this.file === undefined) return;
    fs.writeSync(this.file, this.bare ? message : `${stamp(new Date())} [${name}] ${message}\n`);
  };
});

const create = (_name, file) => Promise.resolve(new Logger(file));

// Assigned one by one: VS Code imports this from an ES module, and Node must see the names.
exports.version = 0;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
