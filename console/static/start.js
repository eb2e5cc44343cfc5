// Before anything is drawn: the theme that was chosen. Then the console itself.
try {
  const theme = localStorage.getItem('plinth.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {}

import('/_/@SCRIPT@').then(({ default: start }) => start({ module_or_path: '/_/@WASM@' })).catch((error) => {
  console.error(error)
  document.body.textContent = 'The console could not be loaded. Reload the page to try again.'
})
