/** The environment variable, or an exit that says what is missing. */
export function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set: see e2e/compat/README.md, or use e2e/compat/run, which sets it`);
    process.exit(2);
  }
  return value;
}
