/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is kept of clients' connections outside the process, in the `conns.<worker>` segments: one
 * entry each, fixed-size, versioned, pointer-free. The worker writes them; its successor reads them
 * once, at its start.
 */
#ifndef SL_TCP_KEPT_H
#define SL_TCP_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_TCP_KEPT_MAGIC  UINT64_C(0x534e4f4345434c53) /* "SLCECONS" */
#define SL_TCP_KEPT_LAYOUT 2u

/** What the user of a connection needs to know of it again: nothing of it is TCP's. */
struct sl_tcp_memo {
	struct sl_ip named; /* client that a proxy in front named, if has_named */
	uint64_t opened_us; /* monotonic */
	uint64_t due_us;    /* monotonic: end of its idle time */
	uint32_t requests;  /* so far */
	uint16_t named_port;
	uint8_t has_named, served;
};
_Static_assert(sizeof(struct sl_tcp_memo) == 40, "layout of the conns segment");

enum sl_tcp_kept_mark {
	SL_TCP_KEPT_FREE,
	SL_TCP_KEPT_BUSY, /* its numbers are of when it was last idle, or opened */
	SL_TCP_KEPT_IDLE, /* goes on */
	SL_TCP_KEPT_LOST, /* of a former run, busy then: its peer is to hear so */
};

/**
 * One connection, two cache lines. `check` covers what stands behind `mark` and is written last but
 * for the mark, so that an entry is either whole or seen to be torn. A busy one is left as it is.
 */
struct sl_tcp_kept {
	uint32_t check; /* CRC-32C */
	uint32_t mark;  /* enum sl_tcp_kept_mark */
	struct sl_ip local, remote;
	uint16_t lport, fport;
	uint8_t ts, sack; /* 1: negotiated */
	uint8_t snd_wscale, rcv_wscale;
	uint16_t mss, adv_mss; /* of a segment with options, without them: as in sl_tcp_conn */
	uint16_t mtu, pad;
	uint32_t snd_nxt, rcv_nxt;
	uint32_t rcv_adv; /* right edge of the window told to the peer */
	uint32_t snd_wnd, max_snd_wnd;
	uint32_t ts_offset; /* TSval = monotonic milliseconds + this */
	uint32_t ts_recent;
	uint32_t t_rx; /* monotonic milliseconds: last segment received */
	struct sl_tcp_memo user;
};
_Static_assert(sizeof(struct sl_tcp_kept) == 128, "layout of the conns segment");

/** In front of the entries. */
struct sl_tcp_kept_hdr {
	uint64_t magic;
	uint32_t layout, row_size, rows;
	uint16_t index, workers;
	uint32_t pad[10];
};
_Static_assert(sizeof(struct sl_tcp_kept_hdr) == 64, "layout of the conns segment");

/** Bytes of a segment of so many entries. */
static inline size_t sl_tcp_kept_size(uint32_t rows)
{
	return sizeof(struct sl_tcp_kept_hdr) + (size_t)rows * sizeof(struct sl_tcp_kept);
}

/** What an entry's check field must be. */
uint32_t sl_tcp_kept_check(const struct sl_tcp_kept *k);

#endif
