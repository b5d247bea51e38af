// Test double of ms-python.python: the `environments` part of its public API.
// FAKE_PYTHON names the interpreter that counts as chosen; updateActiveEnvironmentPath changes it.
const vscode = require('vscode');

exports.activate = () => {
  const changed = new vscode.EventEmitter();
  const never = new vscode.EventEmitter();
  let active = process.env.FAKE_PYTHON ?? '/usr/bin/python3';
  const file = (environment) => (typeof environment === 'string' ? environment : environment.path);
  const activePath = () => ({ id: active, path: active });
  return {
    ready: Promise.resolve(),
    environments: {
      known: [],
      onDidChangeActiveEnvironmentPath: changed.event,
      onDidChangeEnvironments: never.event,
      onDidEnvironmentVariablesChange: never.event,
      getActiveEnvironmentPath: activePath,
      getEnvironmentVariables: () => process.env,
      refreshEnvironments: () => Promise.resolve(),
      updateActiveEnvironmentPath: (environment) => {
        active = file(environment);
        changed.fire({ ...activePath(), resource: undefined });
        return Promise.resolve();
      },
      resolveEnvironment: (environment) =>
        Promise.resolve({
          id: file(environment),
          path: file(environment),
          executable: { uri: vscode.Uri.file(file(environment)), bitness: '64-bit', sysPrefix: '/usr' },
          version: {
            major: 3,
            minor: 11,
            micro: 7,
            release: { level: 'final', serial: 0 },
            sysVersion: '3.11.7',
          },
          environment: undefined,
          tools: [],
        }),
    },
  };
};
