"""A certificate of its own for the HTTPS listener."""

from __future__ import annotations

import ipaddress
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DAYS = 397
_RENEWED_BEFORE = 30
_NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"


class NoCertificate(RuntimeError):
    """Neither the cryptography package nor openssl is there to make one."""


@dataclass(frozen=True)
class Certificate:
    """Where the certificate and its key lie; clients are given the first."""

    path: Path
    key: Path


def provide(folder: Path) -> Certificate:
    """Return the certificate in a folder; make one if there is none or it ends soon."""
    found = Certificate(folder / "sandbox-tls.crt", folder / "sandbox-tls.key")
    if not _is_good(found):
        found.key.touch(mode=0o600)
        found.key.chmod(0o600)
        _make(found)
    return found


def _is_good(found: Certificate) -> bool:
    if not found.path.exists() or not found.key.exists():
        return False
    age = time.time() - found.path.stat().st_mtime
    return age < (_DAYS - _RENEWED_BEFORE) * 86_400


def _make(wanted: Certificate) -> None:
    try:
        key, certificate = _by_cryptography()
    except ImportError:
        _by_openssl(wanted)
    else:
        wanted.key.write_bytes(key)
        wanted.path.write_bytes(certificate)


def _by_cryptography() -> tuple[bytes, bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    addresses = [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(address) for address in addresses]
    now = datetime.now(UTC)
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(subject_key, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, form, plain), certificate.public_bytes(pem)


def _by_openssl(wanted: Certificate) -> None:
    program = shutil.which("openssl")
    if program is None:
        message = "HTTPS needs the cryptography package or the openssl command"
        raise NoCertificate(message)
    command = [
        *(program, "req", "-x509", "-newkey", "ec", "-nodes", "-days", str(_DAYS)),
        *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=localhost"),
        *("-addext", f"subjectAltName={_NAMES}"),
        *("-keyout", str(wanted.key), "-out", str(wanted.path)),
    ]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
