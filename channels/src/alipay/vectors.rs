//! The published vectors in `fixtures/alipay`: one table of what passes each of them.

use super::{account, answer, certificate, fixture, notice, sign};
use serde_json::Value;

/// Each published vector passes, by one table: each file, each entry, and what goes by it.
/// A vector that is added fails here until something does.
#[test]
fn every_published_vector_passes_and_none_is_left_out() {
    let folder = format!("{}/fixtures/alipay", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for (member, value) in file.as_object().unwrap() {
            match value.as_array().filter(|_| member == "vectors") {
                Some(vectors) => found.extend(
                    vectors
                        .iter()
                        .map(|one| format!("{name} {}", fixture::name(one))),
                ),
                None if member != "about" => found.push(format!("{name} {member}")),
                None => {}
            }
        }
    }
    found.sort();
    let lines = PROVEN.iter().flat_map(|(_, vectors)| vectors.lines());
    let mut listed: Vec<&str> = lines.map(str::trim).collect();
    listed.sort_unstable();
    assert_eq!(found, listed);
    for pass in PROVEN.iter().flat_map(|(passes, _)| *passes) {
        pass();
    }
}

/// Vectors, and what passes them.
type Proof = (&'static [fn()], &'static str);

/// All of them.
const PROVEN: &[Proof] = &[
    (
        &[account::tests::keys_are_read_in_every_form_that_alipay_and_openssl_print],
        "00_keys app_private_key_pkcs1_pem
         00_keys app_private_key_pkcs8_pem
         00_keys app_private_key_pkcs1_base64
         00_keys app_private_key_pkcs8_base64
         00_keys alipay_public_key_spki_pem
         00_keys alipay_public_key_spki_base64",
    ),
    (
        &[account::tests::the_mistakes_that_people_make_are_named],
        "00_keys app_public_key_spki_pem
         00_keys app_public_key_spki_base64
         00_keys alipay_private_key_pkcs8_pem",
    ),
    (
        &[alipays_own_key_signs_as_the_vectors_do],
        "00_keys alipay_private_key_pkcs8_base64",
    ),
    (
        &[sign::tests::every_request_vector_gives_its_text_and_its_signature],
        "01_request_sign trade_query_minimal
         01_request_sign page_pay_utf8
         01_request_sign app_pay
         01_request_sign trade_close_sha1
         01_request_sign trade_refund_cert_mode",
    ),
    (
        &[answer::tests::every_answer_vector_is_cut_and_judged_as_it_says],
        "02_response_sign precreate_ok_escaped_slash
         02_response_sign query_not_exist_signed_business_error
         02_response_sign query_ok_braces_and_quotes_inside_strings
         02_response_sign refund_ok_cert_mode
         02_response_sign oauth_error_response_wrapper
         02_response_sign gateway_error_unsigned
         02_response_sign tampered_precreate
         02_response_sign reserialised_precreate",
    ),
    (
        &[
            sign::tests::every_notice_vector_gives_its_v1_text,
            notice::tests::the_vector_of_a_payment_is_a_payment,
            notice::tests::the_vector_of_a_full_refund_is_a_reason_to_ask,
            notice::tests::the_vector_of_a_return_is_no_fact,
            notice::tests::empty_values_may_be_signed_or_not,
            notice::tests::the_genuine_notice_verifies_and_no_changed_copy_does,
        ],
        "03_notify_sign payment_success
         03_notify_sign full_refund_trade_closed
         03_notify_sign return_url
         03_notify_sign payment_success_with_an_empty_value
         03_notify_sign genuine_published",
    ),
    (
        &[certificate::tests::every_vector_of_a_serial_number_is_met],
        "04_cert_sn app_cert
         04_cert_sn alipay_cert
         04_cert_sn root_bundle_pem
         04_cert_sn root_bundle_rows
         04_cert_sn alipay_root_cert_sn
         04_cert_sn public_fact",
    ),
];

/// The key that signs every answer of these tests; RSA gives the same signature for the
/// same text.
fn alipays_own_key_signs_as_the_vectors_do() {
    let answers = fixture::answers();
    let text = |name: &str| answers[0][name].as_str().unwrap();
    let signature = fixture::alipay().sign(text("signed_substring").as_bytes());
    assert_eq!(signature.unwrap(), text("sign"));
}
