// Used by the built-in git extension for copy-on-write copies.
exports.cp = (from, to, options) => require('fs').promises.cp(from, to, options);
