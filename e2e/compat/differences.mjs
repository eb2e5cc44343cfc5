// Where Plinth answers otherwise than PocketBase, and why that is meant. An entry covers the differences whose
// scenario name and path begin as given, and whose step contains `step`. One that no longer occurs fails the run.
export default [
  {
    scenario: "users collection",
    step: "GET /api/collections/users",
    path: "body.fields.avatar",
    reason: "the default users collection has no avatar until Plinth stores files",
  },
];
