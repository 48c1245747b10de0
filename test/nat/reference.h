/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second translator, slow and written from the documentation alone, and random packets of random
 * flows in random order that both translate: what comes out must be the same, byte for byte.
 */
#ifndef NAT_REFERENCE_H
#define NAT_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "packet.h"

/* What a flow is to the reference. */
enum ref_state {
	REF_NONE,
	REF_SYN_SENT,
	REF_SYN_RECV,
	REF_ESTABLISHED,
	REF_FIN,
	REF_TIME_WAIT,
	REF_CLOSE,
	REF_UDP,
	REF_STREAM,
	REF_ECHO
};

struct ref_flow {
	/* Fixed: who speaks to which service. */
	struct sl_ip client, vip;
	uint16_t cport, vport;
	uint8_t proto;
	const char *const *endpoint; /* addresses that may be chosen, up to NULL */
	const bool *dead;            /* which of them failed their checks; NULL: none ever does */
	uint16_t endpoint_port;
	bool egress;   /* to the outside: the vip is the endpoint */
	int client_at; /* port of the box that the client is behind */
	/* While it is open: what was seen to be chosen, if a packet of it went out yet. */
	enum ref_state state;
	bool seen;
	bool unsure; /* nothing was seen of it, and its endpoint may be a dead one */
	struct sl_ip own, ep;
	uint16_t oport, eport;
	bool client_fin, ep_fin;
	uint64_t expires_s;
};

/* What must happen to a packet. */
enum ref_verdict {
	REF_SEND,  /* `out` leaves */
	REF_OPEN,  /* the same, but with an endpoint and a port that are free choices */
	REF_RESET, /* its sender gets an RST */
	REF_ERROR, /* its sender gets an ICMP error of out->type/code, or the rate limit drops it */
	REF_NOTHING /* silence */
};

/** From client to service, or from the endpoint back; advances the flow's state. */
enum ref_verdict ref_translate(struct ref_flow *f, const struct pk *in, bool from_client,
			       uint64_t now_s, uint32_t mtu, struct pk *out);

/** An ICMP error about a packet to the endpoint (or to the client), quoted in `in`. */
enum ref_verdict ref_error(const struct ref_flow *f, const struct pk *in, bool about_forward,
			   uint64_t now_s, struct pk *out);

/** Takes note of the free choices in a packet that opened a flow. @return NULL or what is wrong. */
const char *ref_learn(struct ref_flow *f, const struct pk *got, const struct ref_flow *all,
		      unsigned n, uint64_t now_s);

/** Endpoints died or came back. */
void ref_health_changed(struct ref_flow *f, uint64_t now_s);

bool ref_alive(const struct ref_flow *f, uint64_t now_s);

/**
 * @param broken Spoils one packet in thousands on its way to the comparison, which must notice.
 * @return Exit status.
 */
int reference_run(uint64_t packets, uint64_t seed, bool broken);

#endif
