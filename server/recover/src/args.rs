//! The words of the command line. No password and no key is ever one of them: other users of a machine can read
//! the command lines of all.

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand};

/// Brings backups of Holdfast back with nothing but the vault and a key.
#[derive(Debug, Parser)]
#[command(name = "holdfast-recover", version, after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub vault: VaultArgs,
    #[command(flatten)]
    pub key: KeyArgs,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "Examples:
  holdfast-recover list --vault /srv/vault --key-file root.key
  holdfast-recover check --vault /srv/vault --recovery-key-file paper.txt \\
      --signing-key 3f0c-…
  holdfast-recover decrypt --vault /srv/vault --key-file root.key --latest --source crm -o crm.sql.gz
  holdfast-recover restore --s3 backups/holdfast --s3-region eu-central-1 --key-file root.key \\
      --backup 0192… --host db2 --user root --password-file pw --database crm_restored
  holdfast-recover files --vault /srv/vault --key-file root.key --backup 0192… --to /srv/mysql";

/// Where the vault is.
#[derive(Debug, Group)]
pub struct VaultArgs {
    /// Directory of the vault
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "s3")]
    pub vault: Option<PathBuf>,
    /// Bucket of the vault, with its prefix if it has one
    #[arg(long, global = true, value_name = "BUCKET[/PREFIX]")]
    pub s3: Option<String>,
    /// Address of a store that is not AWS
    #[arg(long, global = true, value_name = "URL")]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket
    #[arg(long, global = true, value_name = "REGION")]
    pub s3_region: Option<String>,
    /// File with the access key; without it the machine's own credentials are used
    #[arg(long, global = true, value_name = "FILE")]
    pub s3_access_key_file: Option<PathBuf>,
    /// File with the secret key
    #[arg(long, global = true, value_name = "FILE")]
    pub s3_secret_key_file: Option<PathBuf>,
}

/// Which key opens it.
#[derive(Debug, Group)]
pub struct KeyArgs {
    /// The root key file of the installation
    #[arg(long, global = true, alias = "key", value_name = "FILE", conflicts_with_all = ["recovery_key_file", "kms_key"])]
    pub key_file: Option<PathBuf>,
    /// File with the recovery key as it was written down; `-` reads it from standard input
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "kms_key")]
    pub recovery_key_file: Option<PathBuf>,
    /// Fingerprint of the signing key, as it was written down beside the recovery key; a vault that somebody made up is
    /// refused then
    #[arg(long, global = true, value_name = "FINGERPRINT")]
    pub signing_key: Option<String>,
    /// Key of AWS KMS, if that is the installation's root
    #[arg(long, global = true, value_name = "ARN")]
    pub kms_key: Option<String>,
    /// Address of a KMS that is not AWS
    #[arg(long, global = true, value_name = "URL", requires = "kms_key")]
    pub kms_endpoint: Option<String>,
    /// Region of the KMS
    #[arg(long, global = true, value_name = "REGION", requires = "kms_key")]
    pub kms_region: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows every backup in the vault, with the names of the databases
    List,
    /// Reads and decrypts every byte and compares it with what was stored; needs no database
    Check(Choice),
    /// Writes a backup as plain SQL, or gzip-compressed if the file's name ends in .gz
    Decrypt {
        #[command(flatten)]
        choice: Choice,
        /// The file, which must not exist yet; `-` writes to standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Leaves a data directory, prepared for a server to be started on, of a backup of a whole server's files
    Files {
        #[command(flatten)]
        choice: Choice,
        /// An empty directory, or one that does not exist yet
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Folder with mariadb-backup and mbstream (or xtrabackup and xbstream), if not in the usual places
        #[arg(long, value_name = "DIR")]
        programs: Option<PathBuf>,
    },
    /// Exported audit trails
    #[command(subcommand)]
    Audit(Audit),
    /// Restores a backup into a new database and compares what arrived
    Restore {
        #[command(flatten)]
        choice: Choice,
        #[command(flatten)]
        server: ServerArgs,
        /// To whom views, triggers, routines and events belong: `strip` (the account that restores), `keep` (the
        /// account they belonged to), or another account as `old@host=new@host`, which may be given several times
        #[arg(long = "definer", value_name = "strip|keep|OLD=NEW")]
        definers: Vec<String>,
    },
}

/// An audit trail that was exported.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Checks every entry and every signature of an exported trail; needs no vault and no key
    Verify {
        /// The exported file
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Which backup.
#[derive(Debug, Clone, Group)]
pub struct Choice {
    /// Id of the backup, as `list` shows it
    #[arg(long, value_name = "ID", conflicts_with = "latest")]
    pub backup: Option<String>,
    /// The newest one
    #[arg(long)]
    pub latest: bool,
    /// Only backups of this database (or of this source's id)
    #[arg(long, value_name = "DATABASE")]
    pub source: Option<String>,
}

/// Where to restore.
#[derive(Debug, Group)]
pub struct ServerArgs {
    /// Host name or address of the server
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// TCP port
    #[arg(long, default_value_t = 3306)]
    pub port: u16,
    /// Unix socket, instead of host and port
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Account that may create databases and accounts
    #[arg(long)]
    pub user: String,
    /// File with its password
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// verify (certificate and name are checked), encrypt, or off
    #[arg(long, default_value = "verify")]
    pub tls: String,
    /// Certificate authority to trust besides the public ones
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Name of the new database; its old name if not given
    #[arg(long, alias = "to", value_name = "NAME")]
    pub database: Option<String>,
    /// Folder with the client programs, if they are not in the usual places
    #[arg(long, value_name = "DIR")]
    pub clients: Option<PathBuf>,
}
