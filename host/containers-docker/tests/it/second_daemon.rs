//! A daemon of our own, with nothing between it and the host: over TCP with and without mutual TLS, and
//! over an inherited socket.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use simulay_containers::scripted::Memory;
use simulay_containers::{ContainerError, Execution as _, ImageId, Inventory as _};
use simulay_containers_docker::{Address, Registrar, ShipError, Shipper, Tls};
use simulay_model::Ending;
use tempfile::TempDir;

use crate::addresses::{Certificates, works};
use crate::rig::{Rig, SOCKET, image_id, shell};
use crate::shipping::Image;

const BASE: &str = "debian:trixie-slim";

/// Killed when dropped; its images and containers go with its folder.
struct Daemon {
    process: Child,
    folder: TempDir,
    address: SocketAddr,
}

impl Daemon {
    /// Starts a daemon at a free port, and at a socket in its folder.
    fn start(tls: &[String]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let within = |name: &str| folder.path().join(name).display().to_string();
        let mut dockerd = Command::new("dockerd");
        dockerd.args(["--data-root", &within("data"), "--exec-root", &within("exec")]);
        // Not without a bridge: that would take away the bridge of the daemon beside it.
        dockerd.args(["--pidfile", &within("pid"), "--iptables=false", "--ip-forward=false"]);
        dockerd.args([
            "--host",
            &format!("tcp://{address}"),
            "--host",
            &format!("unix://{}", within("sock")),
        ]);
        let process = dockerd.args(tls).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { process, folder, address }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("sock")
    }

    /// Waits until it answers.
    async fn answered(&self) {
        let answered = async {
            while UnixStream::connect(self.socket()).is_err() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answered).await.expect("the daemon starts");
    }

    /// Waits until it answers, and gives it an image that simulations may use.
    async fn equip(&self) -> ImageId {
        self.answered().await;
        let host = format!("unix://{}", self.socket().display());
        let copy = format!("docker save {BASE} | docker --host {host} load");
        assert!(Command::new("sh").args(["-c", &copy]).stdout(Stdio::null()).status().unwrap().success());
        let registrar = Registrar::new(&Address::Unix(self.socket()), None).unwrap();
        registrar.register(BASE, &init()).await.unwrap()
    }

    fn rig(&self, tls: Option<Tls>, image: ImageId) -> Rig {
        Rig::of(format!("tcp://{}", self.address).parse().unwrap(), tls, image)
    }
}

impl Daemon {
    fn signal(&self, signal: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &process]).status().unwrap().success());
    }

    /// Stops each of its threads: one that has not heard yet may answer.
    fn freeze(&self) {
        self.signal("STOP");
        let stands = |thread: std::fs::DirEntry| {
            let stat = std::fs::read_to_string(thread.path().join("stat"));
            stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
        };
        let threads = || std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        while !threads().all(|thread| thread.is_ok_and(stands)) {
            std::thread::yield_now();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked, not killed: it unmounts what it mounted and ends its containerd.
        let process = self.process.id().to_string();
        let _ = Command::new("kill").args(["-s", "CONT", &process]).status();
        let _ = Command::new("kill").arg(process).status();
        let _ = self.process.wait();
    }
}

/// The program that the test image begins with.
fn init() -> Vec<u8> {
    let image = image_id().to_string();
    let cat = ["run", "--rm", "--network=none", "--entrypoint=cat", &image, "/simulay-init"];
    Command::new("docker").args(cat).output().unwrap().stdout
}

#[tokio::test]
async fn an_image_is_copied_to_a_daemon_that_lacks_it() {
    let daemon = Daemon::start(&["--tls=false".to_owned()]);
    daemon.answered().await;
    let there = Shipper::new(&Address::Unix(daemon.socket()), None).unwrap();
    let here = Shipper::new(&Address::Unix(SOCKET.into()), None).unwrap();
    let image = Image::make("copied\n");
    assert!(here.copy(image.0, &there).await.unwrap());
    assert!(!here.copy(image.0, &there).await.unwrap(), "it has it by now");
    image.remove();
    assert!(there.copy(image.0, &here).await.unwrap(), "it is the same there");
    let missing = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let refused = here.copy(missing, &there).await;
    assert!(matches!(refused, Err(ShipError::NotFound(_))), "{refused:?}");
}

#[tokio::test]
async fn a_daemon_is_reached_over_tcp_and_an_inherited_socket() {
    let daemon = Daemon::start(&["--tls=false".to_owned()]);
    let image = daemon.equip().await;
    works(&daemon.rig(None, image)).await;
    let connected = UnixStream::connect(daemon.socket()).unwrap();
    works(&Rig::of(Address::Inherited(connected.as_raw_fd()), None, image)).await;
}

#[tokio::test]
async fn a_daemon_that_asks_for_certificates_is_reached_with_them_only() {
    let certificates = Certificates::make();
    let file = |name: &str| certificates.path().join(name).display().to_string();
    let daemon = Daemon::start(&[
        "--tlsverify".to_owned(),
        format!("--tlscacert={}", file("ca.pem")),
        format!("--tlscert={}", file("server.pem")),
        format!("--tlskey={}", file("server-key.pem")),
    ]);
    let image = daemon.equip().await;
    works(&daemon.rig(Some(certificates.tls()), image)).await;
    assert!(daemon.rig(None, image).containers.ping().await.is_err());
    assert!(daemon.rig(Some(Certificates::make().tls()), image).containers.ping().await.is_err());
}

#[tokio::test]
async fn a_daemon_that_freezes_is_borne_and_its_container_goes_on() {
    let daemon = Daemon::start(&["--tls=false".to_owned()]);
    let image = daemon.equip().await;
    let rig = daemon.rig(None, image);
    let (call, memory) = (shell("echo one; sleep 1; echo two"), Memory::new());
    let (ended, ()) = tokio::join!(rig.run(&call, &memory), async {
        memory.printed("one").await;
        daemon.freeze();
        // Takes as long as a host waits for an answer: the command is over by then.
        let absent = rig.containers.ping().await;
        daemon.signal("CONT");
        assert!(matches!(absent, Err(ContainerError::Unavailable(_))), "{absent:?}");
    });
    assert_eq!(ended.unwrap().ending, Ending::Exited(0));
    rig.containers.remove(rig.name, None).await.unwrap();
    assert_eq!(rig.containers.list().await.unwrap(), []);
}

#[tokio::test]
async fn an_image_that_is_gone_is_unavailable() {
    let daemon = Daemon::start(&["--tls=false".to_owned()]);
    let image = daemon.equip().await;
    let rig = daemon.rig(None, image);
    let host = format!("unix://{}", daemon.socket().display());
    let remove = ["--host", &host, "image", "rm", "--force", &image.to_string()];
    assert!(Command::new("docker").args(remove).stdout(Stdio::null()).status().unwrap().success());
    let ended = rig.run(&shell("true"), &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::ImageUnavailable { .. })), "{ended:?}");
}
