//! Reads a JSON body field by field, with APIv3's rules for all of them: an object in UTF-8 of
//! characters of one to three bytes, no `null`, strings within their length, integers as
//! integers, and nothing that the call does not know. Every refusal names the field by its JSON
//! pointer.

use serde_json::{Map, Value};

use super::problem::{Location, Problem};

/// The fields of one JSON object that have not been read yet.
#[derive(Debug)]
pub struct Fields {
    pointer: String,
    unread: Map<String, Value>,
}

impl Fields {
    /// Reads a request body.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` when it is no JSON object in UTF-8.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(unread)) => Ok(Self {
                pointer: String::new(),
                unread,
            }),
            Ok(_) => Err(Problem::malformed("请求体应为JSON对象")),
            Err(error) => Err(Problem::malformed(format!("请求体不是合法的JSON：{error}"))),
        }
    }

    /// All the fields that are still unread, to compare one request with another.
    pub fn content(&self) -> Value {
        Value::Object(self.unread.clone())
    }

    /// The JSON pointer of the field `name` of this object.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// A refusal of the field `name`.
    pub fn refuse(&self, name: &str, issue: impl Into<String>) -> Problem {
        Problem::field(&self.pointer(name), Location::Body, issue)
    }

    fn take(&mut self, name: &str) -> Result<Option<Value>, Problem> {
        match self.unread.remove(name) {
            Some(Value::Null) => Err(self.refuse(name, "不能为null：leave an optional field out")),
            found => Ok(found),
        }
    }

    /// A refusal because the required field `name` is not there.
    pub fn absent(&self, name: &str) -> Problem {
        self.refuse(name, "缺少必填字段")
    }

    /// An optional string of 1 to `max` characters.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type or length, or a character of four bytes.
    pub fn text(&mut self, name: &str, max: usize) -> Result<Option<String>, Problem> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) => self.checked(name, text, max).map(Some),
            Some(_) => Err(self.refuse(name, "应为字符串")),
        }
    }

    fn checked(&self, name: &str, text: String, max: usize) -> Result<String, Problem> {
        let length = text.chars().count();
        if length == 0 || length > max {
            return Err(self.refuse(name, format!("字符串长度应为1至{max}，实际为{length}")));
        }
        if text.chars().any(|character| character.len_utf8() > 3) {
            return Err(self.refuse(name, "只支持1至3字节的UTF-8字符（不支持表情符号）"));
        }
        Ok(text)
    }

    /// A required string of 1 to `max` characters.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` as [`Self::text`], or when it is absent.
    pub fn required_text(&mut self, name: &str, max: usize) -> Result<String, Problem> {
        self.text(name, max)?.ok_or_else(|| self.absent(name))
    }

    /// An optional string out of a list.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` when it is not in the list.
    pub fn choice(&mut self, name: &str, allowed: &[&str]) -> Result<Option<String>, Problem> {
        let Some(text) = self.text(name, 64)? else {
            return Ok(None);
        };
        if allowed.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(self.refuse(name, format!("取值应为 {}", allowed.join(" | "))))
    }

    /// An optional array of strings out of a list.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` when it is no array, or one of them is not in the list.
    pub fn choices(&mut self, name: &str, allowed: &[&str]) -> Result<(), Problem> {
        let Some(found) = self.take(name)? else {
            return Ok(());
        };
        let known = |value: &Value| value.as_str().is_some_and(|text| allowed.contains(&text));
        if found
            .as_array()
            .is_some_and(|values| values.iter().all(known))
        {
            return Ok(());
        }
        Err(self.refuse(name, format!("应为数组，取值 {}", allowed.join(" | "))))
    }

    /// An optional integer of at least `min`. A number in quotes or with a point is refused.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type or a smaller number.
    pub fn integer(&mut self, name: &str, min: i64) -> Result<Option<i64>, Problem> {
        let Some(found) = self.take(name)? else {
            return Ok(None);
        };
        let number = found
            .as_i64()
            .ok_or_else(|| self.refuse(name, "应为整数"))?;
        if number < min {
            return Err(self.refuse(name, format!("应不小于{min}，实际为{number}")));
        }
        Ok(Some(number))
    }

    /// A required integer of at least `min`.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` as [`Self::integer`], or when it is absent.
    pub fn required_integer(&mut self, name: &str, min: i64) -> Result<i64, Problem> {
        self.integer(name, min)?.ok_or_else(|| self.absent(name))
    }

    /// An optional boolean.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, Problem> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.refuse(name, "应为布尔值")),
        }
    }

    /// An optional object.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, Problem> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::Object(unread)) => Ok(Some(Self {
                pointer: self.pointer(name),
                unread,
            })),
            Some(_) => Err(self.refuse(name, "应为对象")),
        }
    }

    /// A required object.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type, or when it is absent.
    pub fn required_object(&mut self, name: &str) -> Result<Self, Problem> {
        self.object(name)?.ok_or_else(|| self.absent(name))
    }

    /// An optional array of objects; absent is empty.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` for another type.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Self>, Problem> {
        let values = match self.take(name)? {
            None => return Ok(Vec::new()),
            Some(Value::Array(values)) => values,
            Some(_) => return Err(self.refuse(name, "应为数组")),
        };
        let pointer = self.pointer(name);
        let read = values
            .into_iter()
            .enumerate()
            .map(|(index, value)| match value {
                Value::Object(unread) => Ok(Self {
                    pointer: format!("{pointer}/{index}"),
                    unread,
                }),
                _ => Err(Problem::field(
                    &format!("{pointer}/{index}"),
                    Location::Body,
                    "应为对象",
                )),
            });
        read.collect()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 `PARAM_ERROR` `参数中含有非法的额外参数` when a field was not read by anybody.
    pub fn finish(self) -> Result<(), Problem> {
        match self.unread.keys().next() {
            None => Ok(()),
            Some(name) => Err(Problem::extra_field(&self.pointer(name))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Fields {
        Fields::parse(body.as_bytes()).unwrap()
    }

    fn refused(problem: Problem, pointer: &str) {
        assert_eq!((problem.status(), problem.code()), (400, "PARAM_ERROR"));
        assert_eq!(problem.body()["detail"]["field"], pointer, "{problem:?}");
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in ["", "[]", "1", "{", "\u{feff}{}", "{\"a\":1}x"] {
            let problem = Fields::parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (problem.status(), problem.code()),
                (400, "PARAM_ERROR"),
                "{body}"
            );
        }
        assert!(Fields::parse(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn a_field_that_nobody_reads_is_an_illegal_extra_parameter() {
        let mut body = read(r#"{"amount":{"total":1,"colour":"red"}}"#);
        let mut amount = body.required_object("amount").unwrap();
        amount.required_integer("total", 1).unwrap();
        body.finish().unwrap();
        let problem = amount.finish().unwrap_err();
        assert_eq!(problem.message(), "参数中含有非法的额外参数");
        assert_eq!(problem.number(), 270_924_358);
        refused(problem, "/amount/colour");
    }

    #[test]
    fn null_is_never_a_value() {
        refused(
            read(r#"{"attach":null}"#).text("attach", 9).unwrap_err(),
            "/attach",
        );
        refused(
            read(r#"{"amount":null}"#).object("amount").unwrap_err(),
            "/amount",
        );
        refused(
            read(r#"{"total":null}"#).integer("total", 1).unwrap_err(),
            "/total",
        );
    }

    #[test]
    fn text_is_counted_in_characters_and_holds_no_emoji() {
        assert_eq!(
            read(r#"{"a":"支付"}"#).text("a", 2).unwrap().unwrap(),
            "支付"
        );
        refused(read(r#"{"a":"支付宝"}"#).text("a", 2).unwrap_err(), "/a");
        refused(read(r#"{"a":""}"#).text("a", 2).unwrap_err(), "/a");
        refused(read(r#"{"a":1}"#).text("a", 2).unwrap_err(), "/a");
        refused(read("{\"a\":\"😀\"}").text("a", 9).unwrap_err(), "/a");
        refused(read("{}").required_text("a", 9).unwrap_err(), "/a");
    }

    #[test]
    fn an_amount_is_an_integer_and_nothing_like_it() {
        assert_eq!(
            read(r#"{"total":1}"#).required_integer("total", 1).unwrap(),
            1
        );
        for body in [
            r#"{"total":"1"}"#,
            r#"{"total":1.0}"#,
            r#"{"total":0}"#,
            r#"{"total":-1}"#,
            "{}",
        ] {
            refused(
                read(body).required_integer("total", 1).unwrap_err(),
                "/total",
            );
        }
    }

    #[test]
    fn elements_of_arrays_are_named_by_their_index() {
        let mut body = read(r#"{"goods":[{"id":"1"},{"id":2}]}"#);
        let goods = body.objects("goods").unwrap();
        let mut second = goods.into_iter().nth(1).unwrap();
        refused(second.required_text("id", 9).unwrap_err(), "/goods/1/id");
        refused(
            read(r#"{"goods":[1]}"#).objects("goods").unwrap_err(),
            "/goods/0",
        );
    }
}
