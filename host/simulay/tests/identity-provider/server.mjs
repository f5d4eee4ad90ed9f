// A real provider of OpenID Connect on a free port of this machine, for the tests:
//     node server.mjs REDIRECT_URL
// where the port of REDIRECT_URL does not matter (RFC 8252 §7.3).
// The first line of its output is its URL. Anybody signs in by a name, with any password; the groups are what stands
// after a `+` in it: `ada+operations` is Ada, in the group `operations`.
import { createServer } from "node:http";

import Provider from "oidc-provider";

const [redirect] = process.argv.slice(2);

/** Who signed in by `login`. */
function account(login) {
  const [name, ...groups] = login.split("+");
  return {
    accountId: login,
    claims: () => ({ sub: `id-of-${name}`, preferred_username: name, groups }),
  };
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        application_type: "native",
        client_id: "simulay",
        client_secret: "hush-hush-simulay",
        redirect_uris: [redirect],
      },
    ],
    claims: { openid: ["sub"], profile: ["preferred_username", "groups"] },
    findAccount: (_context, login) => account(login),
    cookies: { keys: ["of the tests"] },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
