//! Tests of late answers: a body that arrives byte by byte, and a status that does not come in time.

use tokio::io::AsyncWriteExt as _;

use super::{
    EgressError, LITTLE, LOCAL, OutboundRequest, accept, egress, listen, post, read_request, wait_for_hanging_up,
};

#[tokio::test]
async fn a_body_that_drips_past_the_deadline_takes_nothing_back_of_its_status_where_that_says_it_all() {
    for (status, needs_all) in [(200, false), (204, false), (410, false), (500, false), (200, true)] {
        let (listener, address) = listen().await;
        let endpoint = async {
            let mut stream = accept(&listener).await;
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 {status} Well\r\nTransfer-Encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            while stream.write_all(b"1\r\n.\r\n").await.is_ok() {
                tokio::time::sleep(LITTLE / 10).await;
            }
        };
        let (egress, url) = (egress(LOCAL), format!("http://{address}/"));
        let sent = egress.send(OutboundRequest { needs_all, ..post(&url, LITTLE) });
        let (answer, ()) = tokio::join!(sent, endpoint);
        if needs_all {
            assert!(matches!(answer, Err(EgressError::Timeout)), "{answer:?}");
            continue;
        }
        let answer = answer.unwrap();
        assert_eq!((answer.status, answer.cut), (status, status != 204), "a 204 has no body: {answer:?}");
        assert!(answer.body.bytes().all(|byte| byte == b'.'));
    }
}

#[tokio::test]
async fn a_status_that_is_late_is_none_whatever_else_is_asked_for() {
    let (listener, address) = listen().await;
    let endpoint = async {
        let mut stream = accept(&listener).await;
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nX-Slow: ").await.unwrap();
        wait_for_hanging_up(&mut stream).await;
    };
    let (egress, url) = (egress(LOCAL), format!("http://{address}/"));
    let sent = egress.send(OutboundRequest { needs_all: false, ..post(&url, LITTLE) });
    let (answer, ()) = tokio::join!(sent, endpoint);
    assert!(matches!(answer, Err(EgressError::Timeout)), "{answer:?}");
}
