/**
 * /page.js: searching while typing, and refreshing without losing one's place. Both ask the server for the
 * same page anew and take over its live parts; without the script the page works with links and forms.
 */
export const SCRIPT = `'use strict';
(() => {
  const form = document.querySelector('form[role=search]');
  const input = document.getElementById('q');
  const seconds = Number(document.body.dataset.refresh);
  let address = location.href;
  let asking = new AbortController();

  async function take() {
    asking.abort();
    asking = new AbortController();
    try {
      const answer = await fetch(address, { signal: asking.signal, cache: 'no-store' });
      if (!answer.ok) throw new Error(String(answer.status));
      replace(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    } catch (error) {
      if (error.name === 'AbortError') return;
      const asof = document.getElementById('asof');
      if (asof && !asof.classList.contains('old')) {
        asof.classList.add('old');
        asof.append(' – no answer from the exporter since');
      }
    }
  }

  function replace(fresh) {
    const focused = document.activeElement?.closest('[data-live] a')?.getAttribute('href');
    for (const part of document.querySelectorAll('[data-live]')) {
      const other = fresh.getElementById(part.id);
      if (other && other.innerHTML !== part.innerHTML) part.replaceWith(document.importNode(other, true));
    }
    document.title = fresh.title;
    if (focused && !document.activeElement?.closest('[data-live]'))
      document.querySelector('[data-live] a[href="' + CSS.escape(focused) + '"]')?.focus({ preventScroll: true });
  }

  let typing = 0;
  form?.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      const parameters = new URLSearchParams(new FormData(form));
      if (input.value.trim() === '') parameters.delete('q');
      address = parameters.size > 0 ? '/?' + parameters : '/';
      history.replaceState(null, '', address);
      take();
    }, 150);
  });

  if (seconds > 0)
    setInterval(() => {
      if (document.visibilityState === 'visible') take();
    }, seconds * 1000);
})();
`;
