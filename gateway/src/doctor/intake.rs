//! Who is looked at: the channel accounts of a file or of the database, each with what
//! shows before anybody is asked. A mistake of one hides nothing of the others.

use crate::accounts::{Credentials, FileAccounts, Keyed, Seal, same_key};
use cashier::id::AccountId;
use cashier::store::StoreError;
use entities::directory::ChannelAccount;

/// A channel account that is looked at.
#[derive(Debug)]
pub struct Patient {
    /// Its id.
    pub id: AccountId,
    /// What it works with; `None` if that cannot be read.
    pub credentials: Option<Credentials>,
    /// What is known to be wrong already, in whole lines.
    pub told: Vec<String>,
}

/// Everybody who is looked at.
#[derive(Debug, Default)]
pub struct Intake {
    /// The accounts.
    pub patients: Vec<Patient>,
    /// What is wrong with a file beyond its accounts, in whole lines.
    pub others: Vec<String>,
}

impl Patient {
    fn new(id: AccountId, credentials: Option<Credentials>) -> Patient {
        Patient {
            id,
            credentials,
            told: Vec::new(),
        }
    }

    pub(super) fn knows(&self, problem: &str) -> bool {
        self.told.iter().any(|line| line.ends_with(problem))
    }
}

impl Intake {
    /// The accounts of a file.
    pub fn of_file(file: FileAccounts) -> Intake {
        let mut intake = Intake::default();
        for (id, credentials) in file.accounts {
            intake.patients.push(Patient::new(id, Some(credentials)));
        }
        for mistake in file.mistakes.iter() {
            let line = mistake.to_string();
            match &mistake.account {
                Some(id) => intake.note(id, line),
                None => intake.others.push(line),
            }
        }
        intake
    }

    /// The accounts of the database. A row that cannot be read is what is wrong with its
    /// account.
    pub fn of_rows(
        rows: Vec<(AccountId, Result<ChannelAccount, StoreError>)>,
        seal: &Seal,
    ) -> Intake {
        let mut intake = Intake::default();
        for (id, row) in rows {
            let opened = row
                .map_err(|fault| fault.to_string())
                .and_then(|row| Credentials::open(seal, &id, &row.sealed));
            let (credentials, problem) = match opened {
                Ok(credentials) => (Some(credentials), None),
                Err(problem) => (None, Some(problem)),
            };
            let mut patient = Patient::new(id, credentials);
            patient.told = problem
                .map(|problem| format!("{}: {problem}", patient.id))
                .into_iter()
                .collect();
            intake.patients.push(patient);
        }
        intake.compare();
        intake
    }

    /// Leaves this account alone. `false`: there is none of that id, and what is wrong
    /// with the file may be why.
    pub fn narrow(&mut self, id: &str) -> bool {
        self.patients.retain(|patient| patient.id.as_str() == id);
        let found = !self.patients.is_empty();
        if found {
            self.others.clear();
        }
        found
    }

    /// Notes what is wrong with an account, which may not be known for anything else.
    fn note(&mut self, id: &str, line: String) {
        let mut patients = self.patients.iter_mut();
        match patients.find(|one| one.id.as_str() == id) {
            Some(patient) => patient.told.push(line),
            None => {
                let mut patient = Patient::new(AccountId::new(id), None);
                patient.told.push(line);
                self.patients.push(patient);
            }
        }
    }

    fn compare(&mut self) {
        let known: Vec<Keyed<'_>> = self
            .patients
            .iter()
            .filter_map(|one| Some((one.id.as_str(), one.credentials.as_ref()?)))
            .collect();
        let problems: Vec<(String, String)> = same_key(&known, &[])
            .into_iter()
            .map(|(id, problem)| (id.to_owned(), problem))
            .collect();
        for (id, problem) in problems {
            self.note(&id, format!("{id}: {problem}"));
        }
    }
}
