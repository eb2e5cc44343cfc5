use super::*;
use crate::random::Random;

#[test]
fn n66_who_has_most_waiting_makes_room_for_others() {
    const PART: usize = 7 << 20;
    let metrics = Metrics::new(Clock::machine().now(), &Random::seeded(1)).unwrap();
    let clients = Clients::new(&metrics, Arc::default(), Clock::machine());
    let frame = || clients.frame("event".into(), vec![b'x'; PART]);
    let much: Vec<_> = ["a", "b"]
        .map(|id| clients.connect(id, None).unwrap())
        .into();
    let little = clients.connect("c", None).unwrap();
    assert!(
        much.iter()
            .all(|queue| queue.push(frame()) && queue.push(frame()))
    );
    assert!(little.push(frame()));
    assert_eq!(clients.waiting.bytes(), 5 * PART);
    clients.make_room(1 << 20);
    assert_eq!(clients.waiting.bytes(), 3 * PART);
    assert_eq!(much.iter().filter(|queue| queue.is_closed()).count(), 1);
    assert!(clients.has("c") && !little.is_closed());
}

#[test]
fn whoever_subscribes_comes_from_where_the_client_is() {
    let metrics = Metrics::new(Clock::machine().now(), &Random::seeded(1)).unwrap();
    let clients = Clients::new(&metrics, Arc::default(), Clock::machine());
    let (here, there) = ("1.1.1.1".parse().ok(), "8.8.8.8".parse().ok());
    let proxies = ["10.0.0.1".parse().ok(), "10.0.0.2".parse().ok()];
    for (of, from, expected) in [
        (here, here, Outcome::Done),
        (here, there, Outcome::OtherAddress),
        (here, proxies[0], Outcome::OtherAddress),
        (proxies[0], there, Outcome::OtherAddress),
        (proxies[0], proxies[1], Outcome::Done),
    ] {
        clients.connect("id", of).unwrap();
        let wish = SubscriptionRequest {
            client: "id".to_owned(),
            ip: from,
            identity: None,
            expires: None,
            subscriptions: Vec::new(),
        };
        assert_eq!(clients.subscribe(&wish), expected, "{from:?} for {of:?}");
    }
}
