//! Which processes share the dataflow.

use opentrace_pipeline::ClusterConfig;

use super::ConfigError;
use super::layers::Layers;

/// The shortest secret that is taken. It protects the views from strangers in the network.
const MIN_SECRET: usize = 16;
/// More processes than this in one set is a typing error.
const MAX_PROCESSES: usize = 64;

/// Which processes share the dataflow, and which of them this is.
#[derive(Clone, Debug)]
pub enum Processes {
    /// This one alone.
    One,
    /// So many on this machine, started and watched over by this one.
    Set(usize),
    /// This one and those that others start.
    Member(ClusterConfig),
}

impl Processes {
    pub(super) fn from_layers(layers: &Layers) -> Result<Self, ConfigError> {
        let hosts: Vec<String> = layers.list("hosts")?;
        let processes: usize = layers.parse("processes")?;
        if !(1..=MAX_PROCESSES).contains(&processes) {
            return Err(layers.invalid("processes", format!("from 1 to {MAX_PROCESSES}")));
        }
        if layers.optional("process").is_none() {
            return match (processes, hosts.is_empty()) {
                (1, true) => Ok(Self::One),
                (_, true) => Ok(Self::Set(processes)),
                (_, false) => {
                    Err(layers
                        .invalid("process", "with `hosts`, it must say which of them this is".to_owned()))
                }
            };
        }
        let process: usize = layers.parse("process")?;
        if hosts.len() < 2 || (processes > 1 && processes != hosts.len()) {
            let wanted = if processes > 1 { processes.to_string() } else { "at least two".to_owned() };
            let found = hosts.len();
            return Err(layers.invalid("hosts", format!("{wanted} addresses are needed, here are {found}")));
        }
        if process >= hosts.len() {
            return Err(layers.invalid("process", format!("`hosts` ends with process {}", hosts.len() - 1)));
        }
        if let Some(host) = hosts.iter().find(|host| !has_port(host)) {
            return Err(layers.invalid("hosts", format!("`{host}` is not of the form host:port")));
        }
        let secret = layers.text("cluster.secret").to_owned();
        if secret.len() < MIN_SECRET {
            return Err(layers.invalid("cluster.secret", format!("at least {MIN_SECRET} characters")));
        }
        Ok(Self::Member(ClusterConfig { hosts, process, secret }))
    }
}

fn has_port(host: &str) -> bool {
    host.rsplit_once(':')
        .is_some_and(|(name, port)| !name.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[(&str, &str)]) -> Result<Processes, String> {
        let flags: Vec<_> = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let layers = Layers::stack(None, |_| None, &flags).map_err(|error| error.to_string())?;
        Processes::from_layers(&layers).map_err(|error| error.to_string())
    }

    const SECRET: (&str, &str) = ("cluster.secret", "sixteen letters!");

    #[test]
    fn one_is_the_default_and_several_are_a_set() {
        assert!(matches!(read(&[]), Ok(Processes::One)));
        assert!(matches!(read(&[("processes", "3")]), Ok(Processes::Set(3))));
    }

    #[test]
    fn a_member_knows_its_place() {
        let member = read(&[("process", "1"), ("hosts", "a:7000, b:7000"), SECRET]);
        let Ok(Processes::Member(cluster)) = member else { panic!("{member:?}") };
        assert_eq!(
            (cluster.process, cluster.hosts.as_slice()),
            (1, &["a:7000".to_owned(), "b:7000".to_owned()][..])
        );
        assert!(!format!("{cluster:?}").contains("sixteen"), "secrets are not printed");
    }

    #[test]
    fn what_does_not_fit_together_is_said() {
        for (flags, said) in [
            (vec![("hosts", "a:1,b:1"), SECRET], "which of them this is"),
            (vec![("process", "0"), ("hosts", "a:1"), SECRET], "at least two addresses"),
            (
                vec![("process", "0"), ("processes", "3"), ("hosts", "a:1,b:1"), SECRET],
                "3 addresses are needed",
            ),
            (vec![("process", "2"), ("hosts", "a:1,b:1"), SECRET], "ends with process 1"),
            (vec![("process", "0"), ("hosts", "a,b:1"), SECRET], "`a` is not of the form"),
            (vec![("process", "0"), ("hosts", "a:1,b:1")], "at least 16 characters"),
            (vec![("processes", "0")], "from 1 to 64"),
        ] {
            let error = read(&flags).expect_err(said);
            assert!(error.contains(said), "{error} should say {said}");
        }
    }
}
