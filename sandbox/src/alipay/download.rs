//! `alipay.open.app.alipaycert.download`: the Alipay certificate with a given SN.

use super::answer::Answer;
use super::authority::enclosed;
use super::call::Call;

/// Any that this app ever had; trust comes from its issuer, not from this answer.
pub(super) fn carry_out(call: &Call) -> Result<Answer, Answer> {
    let sn = call.biz.required("alipay_cert_sn", 64)?;
    let certificates = call.account.certificates.as_ref().ok_or_else(|| {
        Answer::invalid(
            "isv.app-cert-not-exist",
            "应用未使用公钥证书模式".to_owned(),
        )
    })?;
    let found = certificates
        .alipay
        .iter()
        .find(|certificate| certificate.sn() == sn)
        .ok_or_else(|| Answer::failed("CERT_NOT_EXIST", "证书不存在"))?;
    Ok(Answer::success().with("alipay_cert_content", enclosed(found.pem())))
}
