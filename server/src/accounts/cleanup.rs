//! Removes first factors and one-time passwords that have expired. They count for nothing, and only take room.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::db::{Conn, Value, execute, sql};
use crate::error::Result;
use crate::schema::Collection;
use crate::system::account_data::{MFAS, OTPS};

/// Removes what has expired, and returns the number of records. Several servers may do so at once.
pub(crate) async fn remove_expired(app: &App) -> Result<usize> {
    let schema = app.schema.current();
    let mut total = 0;
    for collection in schema.iter().filter(|collection| collection.is_auth()) {
        let Some(auth) = &collection.def.auth else {
            continue;
        };
        for (id, seconds) in [(MFAS, auth.mfa.duration), (OTPS, auth.otp.duration)] {
            let Some(from) = schema.find(id).cloned() else {
                continue;
            };
            let of = collection.def.id.clone();
            let age = Duration::from_secs(seconds.unsigned_abs());
            let work = move |conn: &mut Conn| remove(conn, &from, &of, age);
            total += app.db.write(work).await?;
        }
    }
    Ok(total)
}

fn remove(conn: &mut Conn, from: &Arc<Collection>, of: &str, age: Duration) -> Result<usize> {
    let before = (conn.clock.now() - age).to_string();
    let mut delete = sql(conn.dialect(), "DELETE FROM ");
    delete
        .ident(&from.table)
        .text(" WHERE \"collectionRef\" = ");
    delete.bind(Value::from(of));
    delete.text(" AND \"created\" < ").bind(Value::Text(before));
    execute(conn, delete)
}
