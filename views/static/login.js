// The link of the server's start signs in with one click less.
document.querySelector('[data-login]')?.requestSubmit();
