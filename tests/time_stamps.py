"""A time-stamp authority for the tests: certificates made here, replies by the `openssl ts` of this machine.

Loaded by path, since test folders are no packages and cannot import from each other.
"""

import datetime
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

OPENSSL = shutil.which("openssl")
OPENSSL_SECONDS = 60
DAYS = datetime.timedelta(days=30)
# No `certs`: with two certificates in another order than DER's the parser refuses the reply.
CONFIG = """
[tsa]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class TimeStamps:
    """One authority: its folder, where `ca.pem` is the certificate to trust."""

    folder: Path

    @property
    def root(self):
        """The certificate to trust, in PEM."""
        return (self.folder / "ca.pem").read_bytes()

    def reply(self, query):
        """The reply (DER) to a query (DER)."""
        asked, answer = self.folder / "query", self.folder / "reply"
        asked.write_bytes(query)
        config = ("-config", str(self.folder / "ts.cnf"), "-section", "tsa")
        run("ts", "-reply", *config, "-queryfile", str(asked), "-out", str(answer))
        return answer.read_bytes()


def run(*arguments):
    """One openssl command; its output."""
    done = subprocess.run(
        [OPENSSL, *arguments], capture_output=True, check=False, timeout=OPENSSL_SECONDS, text=True
    )
    return done.returncode, done.stdout + done.stderr


def new_authority(folder):
    """Certificates of a root and of a time-stamp unit below it, and the configuration of `openssl ts`."""
    folder.mkdir()
    root_key, unit_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate("root", root_key, "root", root_key, unit=False)
    unit = certificate("unit", unit_key, "root", root_key, unit=True)
    (folder / "ca.pem").write_bytes(pem(root))
    (folder / "tsa.pem").write_bytes(pem(unit))
    plain = (
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "tsa.key").write_bytes(unit_key.private_bytes(*plain))
    (folder / "serial").write_text("01\n", encoding="ascii")
    (folder / "ts.cnf").write_text(CONFIG.format(folder=folder), encoding="ascii")
    return TimeStamps(folder)


def pem(found):
    """A certificate in PEM."""
    return found.public_bytes(serialization.Encoding.PEM)


def certificate(subject, key, issuer, issuer_key, *, unit):
    """A certificate of a time-stamp unit (RFC 3161, section 2.3), or of a root."""
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAYS)
        .not_valid_after(now + DAYS)
        .add_extension(x509.BasicConstraints(ca=not unit, path_length=None), critical=True)
    )
    if unit:
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
        built = built.add_extension(purpose, critical=True)
    return built.sign(issuer_key, hashes.SHA256())
