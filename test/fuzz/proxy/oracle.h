/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Judges a finished conversation by the bytes on both sides alone. Each endpoint's stream is read
 * with the reference reader, and what it holds must be what the clients said, nothing more; each
 * client's stream must be answers to its own requests, given after they were asked.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "../../unit/proxy/fake_tcp.h"
#include "sl_ctl.h"

/** What a peer has said on one connection. */
struct peer {
	char *bytes;
	size_t n, cap;
	/* When: so many bytes had been sent to it when it said what lies before `upto`. */
	struct peer_mark {
		size_t upto;
		uint32_t had;
	} * mark;
	size_t marks;
};

/** The peer of c says something. */
void oracle_said(struct peer *p, const struct sl_tcp_conn *c, const char *bytes, size_t n);
/** The gateway is about to send something: sl_tcp.sending of the stand-in for TCP. */
void oracle_sending(struct sl_tcp_conn *c);
/** An access record was written. */
void oracle_logged(const struct sl_log_record *r, uint32_t len);
/** Address of the client of connection i, one for each. */
struct sl_ip oracle_client_ip(uint32_t i);

/**
 * Aborts when a stream is not as promised. To be called when all is over: every request has its
 * access record then. Peers by the number of their connection.
 */
void oracle_judge(const struct sl_tcp *tcp, const struct peer *peer);

/** Whether trailers go on; else there are none. */
extern bool oracle_trailers;

/** Forgets everything. */
void oracle_reset(struct peer *peer, uint32_t n);

#endif
