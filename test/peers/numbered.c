/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many sessions that each send a numbered byte every few milliseconds, and the server that sends
 * them back: do all go on, in order, from the same address, when what is between is killed?
 *
 *   numbered server IP PORT
 *   numbered client IP PORT SESSIONS INTERVAL_MS SECONDS CALM_SECONDS
 *
 * Half of the sessions are TCP, half UDP; in the calm seconds at the end they send twenty times
 * more slowly. The client prints, at its end,
 *
 *   sessions N alive N broken N moved N bytes N wrong N gap_ms N
 *
 * broken: closed, reset or silent for five seconds; moved: UDP whose address the server saw change;
 * wrong: bytes that are not the next ones, and datagrams of other sessions; gap_ms: the longest
 * time in which no session at all got anything. SIGUSR1 prints the longest such time so far and
 * begins anew.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS_MAX 20000
#define SILENT_MS    5000

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static struct sockaddr_in address(const char *ip, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static void watch(int ep, int fd, uint32_t number)
{
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = number};

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- server ---- */

/* A datagram: number of the session, number of the byte. */
struct datagram {
	uint32_t session, number, moved;
};

static void echo_udp(int fd)
{
	static struct sockaddr_in seen[SESSIONS_MAX];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct datagram d;

	while (recvfrom(fd, &d, sizeof(d), MSG_DONTWAIT, (struct sockaddr *)&from, &len) ==
	       sizeof(d)) {
		if (d.session >= SESSIONS_MAX)
			continue;
		d.moved = seen[d.session].sin_port &&
			  (seen[d.session].sin_port != from.sin_port ||
			   seen[d.session].sin_addr.s_addr != from.sin_addr.s_addr);
		seen[d.session] = from;
		sendto(fd, &d, sizeof(d), MSG_DONTWAIT, (struct sockaddr *)&from, len);
	}
}

static void echo_tcp(int fd)
{
	char buf[4096];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0 && send(fd, buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n)
		fail("server: send");
	else if (n > 0)
		return;
	else if (n == 0 || errno != EAGAIN)
		close(fd); /* its client is gone */
}

static void server(const char *ip, const char *port)
{
	struct sockaddr_in a = address(ip, port);
	int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0);
	int ep = epoll_create1(0), one = 1, room = 8 << 20;
	struct epoll_event e[256];

	setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(tcp, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(tcp, 4096) < 0 ||
	    bind(udp, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("bind");
	watch(ep, tcp, (uint32_t)tcp);
	watch(ep, udp, (uint32_t)udp);
	for (;;) {
		int n = epoll_wait(ep, e, 256, -1);

		for (int i = 0; i < n; i++) {
			int fd = (int)e[i].data.u32;

			if (fd == tcp) {
				fd = accept4(tcp, NULL, NULL, SOCK_NONBLOCK);
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
				setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
				watch(ep, fd, (uint32_t)fd);
			} else if (fd == udp) {
				echo_udp(udp);
			} else {
				echo_tcp(fd);
			}
		}
	}
}

/* ---- client ---- */

struct session {
	int fd;
	bool udp, broken, moved;
	uint32_t sent, got; /* numbers of bytes */
	uint64_t heard_ms;
};

static struct session *session;
static uint32_t n_sessions;
static uint64_t wrong, bytes, heard_ms, gap_ms;
static volatile sig_atomic_t report;

static void on_usr1(int sig)
{
	report = 1;
}

static void open_session(struct session *s, bool udp, const struct sockaddr_in *to)
{
	int one = 1, room = 4 << 20;

	s->udp = udp;
	s->fd = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (s->fd < 0 || connect(s->fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		fail("connect");
	fcntl(s->fd, F_SETFL, O_NONBLOCK);
	if (!udp)
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	s->heard_ms = now_ms();
}

static void heard(struct session *s, uint64_t now)
{
	s->heard_ms = now;
	if (now - heard_ms > gap_ms)
		gap_ms = now - heard_ms;
	heard_ms = now;
	bytes++;
}

static void hear(struct session *s, uint64_t now)
{
	struct datagram d;
	uint8_t buf[4096];
	ssize_t n;

	if (s->udp) {
		while (recv(s->fd, &d, sizeof(d), 0) == sizeof(d)) {
			/* Datagrams may be lost, and overtake those that wait for a neighbour. */
			wrong += d.session != (uint32_t)(s - session) || d.number >= s->sent;
			s->moved |= d.moved;
			heard(s, now);
		}
		return;
	}
	while ((n = recv(s->fd, buf, sizeof(buf), 0)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			wrong += buf[i] != (uint8_t)s->got++;
			heard(s, now);
		}
	if (n < 0 && errno == EAGAIN)
		return;
	printf("session %u ended: %s\n", (unsigned)(s - session), n ? strerror(errno) : "closed");
	s->broken = true;
	close(s->fd);
}

static void say(struct session *s)
{
	struct datagram d = {(uint32_t)(s - session), s->sent, 0};
	uint8_t byte = (uint8_t)s->sent;

	if (s->broken)
		return;
	if (s->udp) {
		if (send(s->fd, &d, sizeof(d), 0) == sizeof(d))
			s->sent++;
	} else if (send(s->fd, &byte, 1, MSG_NOSIGNAL) == 1) {
		s->sent++;
	} else if (errno != EAGAIN) {
		s->broken = true;
	}
}

static void run(int ep, uint32_t interval_ms, uint64_t end_ms)
{
	uint64_t due = now_ms() * n_sessions / interval_ms, next = due;
	struct epoll_event e[256];

	while (now_ms() < end_ms) {
		uint64_t now = now_ms();
		int n = epoll_wait(ep, e, 256, 1);

		for (int i = 0; i < n; i++)
			hear(&session[e[i].data.u32], now);
		/* Evenly over the interval; what was missed is not made up for. */
		due = now_ms() * n_sessions / interval_ms;
		if (due - next > n_sessions)
			next = due - n_sessions;
		for (; next < due; next++)
			say(&session[next % n_sessions]);
		if (report) {
			report = 0;
			printf("gap_ms %llu\n", (unsigned long long)gap_ms);
			fflush(stdout);
			gap_ms = 0;
		}
	}
}

static int client(char **arg)
{
	struct sockaddr_in to = address(arg[0], arg[1]);
	uint32_t alive = 0, moved = 0;
	int ep = epoll_create1(0);
	uint64_t now;

	n_sessions = (uint32_t)atoi(arg[2]);
	session = calloc(n_sessions, sizeof(*session));
	if (n_sessions == 0 || n_sessions > SESSIONS_MAX || !session || atoi(arg[3]) < 1)
		return 2;
	signal(SIGUSR1, on_usr1);
	for (uint32_t i = 0; i < n_sessions; i++) {
		open_session(&session[i], i % 2, &to);
		watch(ep, session[i].fd, i);
	}
	printf("open\n");
	fflush(stdout);
	heard_ms = now_ms();
	run(ep, (uint32_t)atoi(arg[3]), now_ms() + (uint64_t)atoi(arg[4]) * 1000);
	/* Slowly, so that what was lost on a busy machine comes in the end. */
	run(ep, (uint32_t)atoi(arg[3]) * 20, now_ms() + (uint64_t)atoi(arg[5]) * 1000);
	now = now_ms();
	for (uint32_t i = 0; i < n_sessions; i++) {
		if (now - session[i].heard_ms > SILENT_MS && !session[i].broken) {
			printf("session %u silent for %llu ms\n", i,
			       (unsigned long long)(now - session[i].heard_ms));
			session[i].broken = true;
		}
		alive += !session[i].broken;
		moved += session[i].moved;
	}
	printf("sessions %u alive %u broken %u moved %u bytes %llu wrong %llu gap_ms %llu\n",
	       n_sessions, alive, n_sessions - alive, moved, (unsigned long long)bytes,
	       (unsigned long long)wrong, (unsigned long long)gap_ms);
	return alive == n_sessions && !moved && !wrong ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct rlimit files = {SESSIONS_MAX + 100, SESSIONS_MAX + 100};

	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 4 && strcmp(argv[1], "server") == 0)
		server(argv[2], argv[3]);
	if (argc == 8 && strcmp(argv[1], "client") == 0)
		return client(argv + 2);
	fprintf(stderr, "usage: numbered server IP PORT\n"
			"       numbered client IP PORT SESSIONS INTERVAL_MS SECONDS "
			"CALM_SECONDS\n");
	return 2;
}
