const patch = (body) => ({ as: "root", send: "PATCH /api/settings?fields=batch,logs,smtp.enabled,s3.enabled",
  body, name: `settings ${JSON.stringify(body).slice(0, 120)}` });
const mail = (body) => ({ as: "root", send: "POST /api/settings/test/email", body });

export default [
  {
    name: "settings",
    steps: [
      { send: "GET /api/settings" }, { send: "PATCH /api/settings", body: {} },
      { as: "root", send: "GET /api/settings?fields=batch,logs,rateLimits,trustedProxy,superuserIPs,s3,backups,smtp" },
      ...[{}, { unknown: 1 }, { batch: null }, { logs: { maxDays: 7, logIP: null } }, { logs: { minLevel: 4, logAuthId: true } },
        { logs: { maxDays: -1 } }, { logs: { maxDays: "x" } }, { meta: { appName: "" } }, { meta: { appName: "a".repeat(300) } },
        { meta: { appURL: "x" } }, { meta: { appURL: "", senderName: "", senderAddress: "" } },
        { meta: { senderAddress: "x" } }, { meta: "x" }, { batch: { enabled: "yes" } }, [], "x",
        { logs: { maxDays: 5, minLevel: 0, logIP: true, logAuthId: false } },
        { meta: { appName: "Acme", appURL: "http://localhost:8090", senderName: "Support", senderAddress: "support@example.com" } },
      ].map(patch),
      { as: "root", send: "GET /api/settings?fields=meta" },
      { send: "POST /api/settings/test/email", body: {} },
      ...[{}, { email: "x" }, { email: "a@example.com", template: "x" },
        { email: "a@example.com", template: "otp", collection: "missing" }].map(mail),
      { as: "root", send: "POST /api/settings/test/email", raw: "{" },
      { send: "POST /api/settings/test/s3", body: { filesystem: "storage" } },
      ...[{}, { filesystem: "" }, { filesystem: "x" }, { filesystem: "storage" }, { filesystem: "backups" }].map((body) =>
        ({ as: "root", send: "POST /api/settings/test/s3", body })),
    ],
  },
];
