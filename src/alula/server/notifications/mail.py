"""Sending a mail, and what a mail server's refusals mean. Blocks its thread."""

from __future__ import annotations

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import make_msgid

from alula.server.notifications.options import NotificationOptions
from alula.server.notifications.writing import Message
from alula.server.secret import resolved

TIMEOUT_S = 20.0


class Refused(Exception):
    """A mail was not taken; the text says why, and what to change."""


def send_mail(options: NotificationOptions, to: tuple[str, ...], message: Message) -> None:
    """Hand a mail to the server. Raises `Refused`, and `OSError` or `SMTPException` for what may pass."""
    where = f"{options.smtp_host}:{options.smtp_port}"
    try:
        with _connected(options) as server:
            if options.smtp_user:
                _log_in(server, options)
            refused = server.send_message(_mail(options, to, message))
    except ssl.SSLCertVerificationError as error:
        raise Refused(
            f"the certificate of {where} is not trusted ({error.verify_message}); "
            "let the system trust its authority, or name a file with it in SSL_CERT_FILE"
        ) from error
    except ssl.SSLError as error:
        raise Refused(
            f"{where} does not speak TLS from the beginning ({error.reason}); "
            "set notifications.smtp_tls to starttls, or the port to the one for TLS, mostly 465"
        ) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused(f"{where}: {error}; set notifications.smtp_tls to what this server offers") from error
    if refused:
        raise Refused(f"{where} refuses mail to {', '.join(refused)}")


def _connected(options: NotificationOptions) -> smtplib.SMTP:
    """A connection to the server, encrypted as the settings say."""
    where, context = (options.smtp_host, options.smtp_port), ssl.create_default_context()
    if options.smtp_tls == "tls":
        return smtplib.SMTP_SSL(*where, timeout=TIMEOUT_S, context=context)
    server = smtplib.SMTP(*where, timeout=TIMEOUT_S)
    try:
        if options.smtp_tls == "starttls":
            server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _log_in(server: smtplib.SMTP, options: NotificationOptions) -> None:
    try:
        server.login(options.smtp_user, resolved(options.smtp_password, os.environ))
    except smtplib.SMTPAuthenticationError as error:
        text = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        raise Refused(
            f"{options.smtp_host} does not take the login of `{options.smtp_user}` ({error.smtp_code} {text}); "
            "check notifications.smtp_user and smtp_password"
        ) from error
    except (smtplib.SMTPResponseException, smtplib.SMTPServerDisconnected):
        raise  # that may pass
    except smtplib.SMTPException as error:
        raise Refused(
            f"{options.smtp_host} offers no login that is known here ({error}); "
            "leave notifications.smtp_user empty if it needs none"
        ) from error


def _mail(options: NotificationOptions, to: tuple[str, ...], message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"], mail["To"] = options.sender, ", ".join(to)
    mail["Message-ID"] = make_msgid(message.id, domain="alula")
    mail["X-Alula-Id"] = message.id
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail
