use super::*;

fn take(url: &str) -> Result<(Tls, String), String> {
    Tls::take(url, |_| None).map_err(|error| error.to_string())
}

#[test]
fn the_driver_gets_the_url_without_what_it_does_not_know() {
    let url = "postgres://u:p?w@a,b/d?sslmode=verify-full&target_session_attrs=any&sslrootcert=%2Fca%20file";
    let (tls, rest) = take(url).expect("makes sense");
    assert_eq!(rest, "postgres://u:p?w@a,b/d?target_session_attrs=any");
    assert_eq!(tls, Tls { mode: Mode::VerifyFull, roots: Some(Roots::File("/ca file".into())), identity: None });
    assert_eq!(take("postgres://h/d?sslmode=disable").expect("makes sense").1, "postgres://h/d");
}

#[test]
fn the_url_counts_for_more_than_the_environment() {
    let environment = |name: &str| match name {
        "PGSSLMODE" => Some("verify-ca".to_owned()),
        "PGSSLROOTCERT" => Some("/ca".to_owned()),
        _ => None,
    };
    let of = |url: &str| Tls::take(url, environment).expect("makes sense").0;
    assert_eq!((of("postgres://h/d").mode, of("host=h").mode), (Mode::VerifyCa, Mode::VerifyCa));
    assert_eq!(of("postgres://h/d?sslmode=require").mode, Mode::Require);
    let wrong = Tls::take("postgres://h/d", |_| Some("allow".to_owned())).expect_err("no such mode");
    assert!(wrong.to_string().contains("PGSSLMODE is one of"), "{wrong}");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (url, words) in [
        ("postgres://h/d?sslmode=sometimes", "sslmode is one of disable"),
        ("postgres://h/d?sslmode=verify-full", "add sslrootcert=FILE"),
        ("postgres://h/d?sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
        ("postgres://h/d?sslcert=/c", "sslcert and sslkey go together"),
        ("host=h sslmode=require", "write it as a URL"),
    ] {
        let refused = take(url).expect_err(url);
        assert!(refused.contains(words) && refused.contains("--database-url"), "{url}: {refused}");
    }
    assert_eq!(take("postgres://h/d?sslrootcert=system").expect("makes sense").0.mode, Mode::VerifyFull);
}
