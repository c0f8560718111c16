"""Writes vectors.json: hashes made by other implementations (Debian: python3-passlib python3-bcrypt python3-argon2
python3-django python3-werkzeug php-cli apache2-utils). Run it in this folder."""

import base64, hashlib, json, struct, subprocess

import bcrypt
from argon2 import PasswordHasher, Type
from django.conf import settings
from passlib.hash import argon2, pbkdf2_sha1, pbkdf2_sha256, pbkdf2_sha512, scrypt
from werkzeug.security import generate_password_hash

settings.configure(
    PASSWORD_HASHERS=["django.contrib.auth.hashers." + n + "PasswordHasher" for n in ("PBKDF2", "PBKDF2SHA1", "Argon2", "BCrypt")]
)
from django.contrib.auth.hashers import make_password

PLAIN, UNICODE, LONG = "correct horse battery staple", "pässwörd 🔑 密码", "x" * 80
vectors = []


def add(by, password, text):
    vectors.append({"by": by, "password": password, "hash": text})


def php(password, algorithm, options):
    code = "echo password_hash($argv[1], constant($argv[2]), json_decode($argv[3], true));"
    return subprocess.check_output(["php", "-r", code, "--", password, algorithm, options], text=True)


def asp_net(version, password, iterations, function):
    salt = bytes(range(16))
    digest = hashlib.pbkdf2_hmac(["sha1", "sha256", "sha512"][function], password.encode(), salt, iterations, 32)
    head = b"\0" if version == 2 else struct.pack(">BIII", 1, function, iterations, len(salt))
    return base64.b64encode(head + salt + digest).decode()


for word in PLAIN, UNICODE:
    add("argon2-cffi", word, PasswordHasher(2, 1024, 2).hash(word))
    add("argon2-cffi argon2i", word, PasswordHasher(3, 512, 1, type=Type.I).hash(word))
    add("passlib argon2", word, argon2.using(type="ID", rounds=2, memory_cost=1024, parallelism=2).hash(word))
    add("Django argon2", word, make_password(word, hasher="argon2"))
    add("PHP argon2id", word, php(word, "PASSWORD_ARGON2ID", '{"memory_cost":1024,"time_cost":2}'))
    add("PHP bcrypt", word, php(word, "PASSWORD_BCRYPT", '{"cost":5}'))
    add("python bcrypt", word, bcrypt.hashpw(word.encode(), bcrypt.gensalt(5)).decode())
    add("python bcrypt 2a", word, bcrypt.hashpw(word.encode(), bcrypt.gensalt(5, b"2a")).decode())
    add("passlib scrypt", word, scrypt.using(rounds=10).hash(word))
    digest = hashlib.scrypt(word.encode(), salt=b"saltsaltsalt", n=1024, r=8, p=1, dklen=64)
    add("hashlib, as Werkzeug writes it", word, "scrypt:1024:8:1$saltsaltsalt$" + digest.hex())
    add("hashlib, as Django writes it", word, "scrypt$1024$saltsaltsalt$8$1$" + base64.b64encode(digest).decode())
    add("passlib pbkdf2_sha1", word, pbkdf2_sha1.using(rounds=1000).hash(word))
    add("passlib pbkdf2_sha256", word, pbkdf2_sha256.using(rounds=1000).hash(word))
    add("passlib pbkdf2_sha512", word, pbkdf2_sha512.using(rounds=1000).hash(word))
    add("Django pbkdf2_sha256", word, make_password(word))
    add("Django pbkdf2_sha1", word, make_password(word, hasher="pbkdf2_sha1"))
    add("Werkzeug pbkdf2 sha256", word, generate_password_hash(word, "pbkdf2:sha256:1000"))
    add("Werkzeug pbkdf2 sha512", word, generate_password_hash(word, "pbkdf2:sha512:1000"))
    add("Django bcrypt", word, make_password(word, hasher="bcrypt"))
    add("python bcrypt, as Spring Security writes it", word, "{bcrypt}" + bcrypt.hashpw(word.encode(), bcrypt.gensalt(5, b"2a")).decode())
    add("hashlib ASP.NET 2", word, asp_net(2, word, 1000, 0))
    add("hashlib ASP.NET 3", word, asp_net(3, word, 1000, 1))
    add("hashlib ASP.NET 3 sha512", word, asp_net(3, word, 1000, 2))
    line = subprocess.check_output(["htpasswd", "-nbBC", "5", "user", word], text=True)
    add("htpasswd", word, line.strip().split(":", 1)[1])
add("PHP bcrypt, 80 bytes", LONG, php(LONG, "PASSWORD_BCRYPT", '{"cost":5}'))

with open("vectors.json", "w") as file:
    json.dump(vectors, file, indent=1, ensure_ascii=False)
    file.write("\n")
