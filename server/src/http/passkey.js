// Asks the browser for passkeys. Each form with data-passkey names where its challenge comes from; what the browser
// answers is put into its field "request[credential]", and the form is posted as any other.
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    buffer && btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const ids = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  async function answer(path) {
    const begun = await fetch(path, { method: 'POST', headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' } });
    if (!begun.ok) {
      // Whoever has to prove who they are is led there.
      const told = await begun.text();
      if (told.includes('proof_needed')) location.assign('/confirm-identity?return=' + encodeURIComponent(location.pathname));
      throw new Error('refused');
    }
    const asked = JSON.parse(await begun.json());
    const options = asked.publicKey;
    options.challenge = bytes(options.challenge);
    if (options.user) {
      options.user.id = bytes(options.user.id);
      options.excludeCredentials = ids(options.excludeCredentials);
      // Found without an address, where the device can.
      options.authenticatorSelection = { ...options.authenticatorSelection, residentKey: 'preferred', requireResidentKey: false };
      const made = await navigator.credentials.create({ publicKey: options });
      return {
        id: made.id, rawId: text(made.rawId), type: made.type, extensions: {},
        response: { attestationObject: text(made.response.attestationObject), clientDataJSON: text(made.response.clientDataJSON) },
      };
    }
    options.allowCredentials = ids(options.allowCredentials);
    const shown = await navigator.credentials.get({ publicKey: options });
    return {
      id: shown.id, rawId: text(shown.rawId), type: shown.type, extensions: {},
      response: {
        authenticatorData: text(shown.response.authenticatorData), clientDataJSON: text(shown.response.clientDataJSON),
        signature: text(shown.response.signature), userHandle: text(shown.response.userHandle),
      },
    };
  }

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const said = form.querySelector('.error[role=alert]');
      said.hidden = true;
      try {
        form.querySelector('[name="request[credential]"]').value = JSON.stringify(await answer(form.dataset.passkey));
        form.submit();
      } catch {
        said.hidden = false;
      }
    });
  }
})();
