//! The customer's `/etc/nsswitch.conf`: the machine's own, but hosts are looked up in the file and the DNS alone, and
//! no database asks a service that the world cannot reach.

use std::fmt::Write as _;

/// Sources that answer from files or local sockets. The others (ldap, nis, mdns, resolve, wins, …) ask the network.
const LOCAL: [&str; 8] = ["files", "compat", "db", "systemd", "sss", "altfiles", "extrausers", "usrfiles"];

/// The file's new text, from the machine's own or, without one, from nothing.
pub(super) fn rewritten(machine: &str) -> String {
    let mut text = String::from("hosts: files dns\nnetworks: files\n");
    for line in machine.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let Some((database, sources)) = line.split_once(':') else { continue };
        let database = database.trim();
        if matches!(database, "hosts" | "networks" | "initgroups") {
            continue;
        }
        let kept: Vec<_> = sources.split_whitespace().filter(|source| LOCAL.contains(source)).collect();
        let kept = if kept.is_empty() { "files".to_owned() } else { kept.join(" ") };
        let _ = writeln!(text, "{database}: {kept}");
    }
    for database in ["passwd", "group", "shadow"] {
        if !text.lines().any(|line| line.strip_prefix(database).is_some_and(|rest| rest.starts_with(':'))) {
            let _ = writeln!(text, "{database}: files");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ask_files_and_dns_whatever_the_machine_says() {
        let text = rewritten("hosts: mymachines resolve [!UNAVAIL=return] files myhostname dns # trailing\n");
        assert_eq!(text, "hosts: files dns\nnetworks: files\npasswd: files\ngroup: files\nshadow: files\n");
    }

    #[test]
    fn other_databases_keep_what_needs_no_network() {
        let text = rewritten("passwd: files sss [NOTFOUND=return] ldap\nnetgroup: nis\n# services: db\n");
        assert!(text.contains("passwd: files sss\n"), "{text}");
        assert!(text.contains("netgroup: files\n"), "{text}");
        assert!(!text.contains("services"), "{text}");
    }
}
