// Real Git servers for tests: git http-backend behind TLS, and OpenSSH's sshd. Standard library only.
module dunlin-gitserver

go 1.26.0
