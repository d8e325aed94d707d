"""TLS of the transport: chain, name and pin, with a CA made for each test; no trust from the environment."""

import asyncio
import datetime
import hashlib
import ipaddress
import json
import os
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from magi.gateway.transport import PinnedTransport, SendError, system_trust

# TLS: an own CA, made for each test.


def authority():
    """A new CA: its key and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key, certificate("test CA", key, None, key, ca=True)


def certificate(name, key, issuer, issuer_key, *, ca=False, names=()):
    """A certificate, its own issuer where there is none."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(certified):
    """A certificate as text."""
    return certified.public_bytes(serialization.Encoding.PEM)


def server_side(folder, ca_key, ca, *names):
    """A server context for these names, and the SHA-256 of its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    found = certificate("server", key, ca, ca_key, names=names)
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + pem(found)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, hashlib.sha256(found.public_bytes(serialization.Encoding.DER)).hexdigest()


def trusting(ca):
    """A client context that trusts one CA."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=pem(ca).decode())
    return context


def talk_tls(kit, context, trust, *, cert_pin="system-ca", host="model.test"):
    """The body, or the failure and what was sent; and how many requests the server read."""

    async def run():
        async with kit.RawServer(kit.answer_bytes(b"ok"), ssl_context=context) as server:
            request, _ = kit.request_to(f"https://{host}:{server.port}/v1/x", "127.0.0.1", cert_pin=cert_pin)
            try:
                told = (await kit.fetch(PinnedTransport(trust), request))[1]
            except SendError as error:
                told = (error.failure, error.sent)
            return told, len(server.requests)

    return asyncio.run(run())


@pytest.mark.filterwarnings(
    "ignore:unclosed transport:ResourceWarning"
)  # the server's, after a failed handshake
class TestTls:
    """Chain, name and pin, each on its own."""

    def test_a_trusted_certificate_for_the_name_is_served(self, kit, tmp_path):
        """The right CA and the right name pass, with and without the right pin."""
        ca_key, ca = authority()
        context, pin = server_side(tmp_path, ca_key, ca, x509.DNSName("model.test"))

        assert talk_tls(kit, context, trusting(ca)) == (b"ok", 1)
        assert talk_tls(kit, context, trusting(ca), cert_pin=f"sha256:{pin}") == (b"ok", 1)

    def test_a_certificate_for_another_name_is_refused(self, kit, tmp_path):
        """The right CA with another name fails before a byte of the request is written."""
        ca_key, ca = authority()
        context, _ = server_side(tmp_path, ca_key, ca, x509.DNSName("other.test"))

        assert talk_tls(kit, context, trusting(ca)) == (("tls_failed", "no"), 0)

    def test_a_certificate_without_the_address_is_refused(self, kit, tmp_path):
        """A literal address needs a certificate for that address."""
        ca_key, ca = authority()
        wrong, _ = server_side(tmp_path, ca_key, ca, x509.DNSName("127.0.0.1"))
        refused = talk_tls(kit, wrong, trusting(ca), host="127.0.0.1")
        right, _ = server_side(tmp_path, ca_key, ca, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))

        assert refused == (("tls_failed", "no"), 0)
        assert talk_tls(kit, right, trusting(ca), host="127.0.0.1") == (b"ok", 1)

    def test_a_certificate_of_another_ca_is_refused_despite_its_pin(self, kit, tmp_path):
        """The pin comes on top of verification, never instead of it."""
        ca_key, ca = authority()
        _, another = authority()
        context, pin = server_side(tmp_path, ca_key, ca, x509.DNSName("model.test"))

        assert talk_tls(kit, context, trusting(another), cert_pin=f"sha256:{pin}") == (
            ("tls_failed", "no"),
            0,
        )
        assert talk_tls(kit, context, None) == (("tls_failed", "no"), 0)

    def test_another_certificate_of_the_trusted_ca_is_refused_by_the_pin(self, kit, tmp_path):
        """A verified certificate that is not the pinned one fails."""
        ca_key, ca = authority()
        context, _ = server_side(tmp_path, ca_key, ca, x509.DNSName("model.test"))
        pin = hashlib.sha256(b"another").hexdigest()

        assert talk_tls(kit, context, trusting(ca), cert_pin=f"sha256:{pin}") == (("tls_failed", "no"), 0)


def test_the_default_trust_verifies_chain_and_name():
    """The system's trust wants a certificate and checks the host name, from TLS 1.2 on."""
    context = system_trust()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert context.keylog_filename is None


_CHILD = """
import json, ssl
from magi.gateway.transport import system_trust
def told(context):
    own = sum("test CA" in str(found["subject"]) for found in context.get_ca_certs())
    return [own, context.keylog_filename is not None]
print(json.dumps([told(system_trust()), told(ssl.create_default_context())]))
"""


def test_the_environment_adds_no_trust_and_logs_no_keys(tmp_path):
    """SSL_CERT_FILE and SSLKEYLOGFILE, which the standard library's default follows, do nothing here."""
    file = tmp_path / "ca.pem"
    file.write_bytes(pem(authority()[1]))
    env = os.environ | {"SSL_CERT_FILE": str(file), "SSLKEYLOGFILE": str(tmp_path / "keys.log")}
    child = subprocess.run([sys.executable, "-c", _CHILD], env=env, capture_output=True, check=True)

    assert json.loads(child.stdout) == [[0, False], [1, True]]
