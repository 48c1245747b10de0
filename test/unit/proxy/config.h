/* SPDX-License-Identifier: BSD-3-Clause */
/* The small configuration of the proxy's tests, and variants of it. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdio.h>
#include <stdlib.h>

#include "sl_lcore.h"

/** For code that is linked with cmocka tests and with fuzz targets. */
#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                   \
		}                                                                  \
	} while (0)

#define OWN_IP "10.10.1.4"
#define VIP    "10.96.0.10"

/* What a configuration has beside the routes that are always there. */
#define CONF_NO_LISTENER  0x01
#define CONF_NO_C1        0x02   /* cluster c1 has no endpoint */
#define CONF_OTHER_C1     0x04   /* c1's endpoint is another one */
#define CONF_SECOND_TABLE 0x08   /* "/new" answers directly */
#define CONF_STACK        0x10   /* listener on IPv6 too, "/six" to IPv6, services of layer 4 */
#define CONF_CHECKS       0x20   /* cluster "checked" is checked, and ejects */
#define CONF_PROXY_FROM   0x40   /* peers in 192.0.2.0/24 send a PROXY protocol header */
#define CONF_PROXY_V1     0x80   /* c1 gets one of version 1 */
#define CONF_PROXY_V2     0x100  /* c1 gets one of version 2 */
#define CONF_MERGE        0x200  /* the listener merges slashes */
#define CONF_TRAILERS     0x400  /* the listener forwards trailers */
#define CONF_ACTIONS      0x800  /* faults, CORS and shares of the log, by path */
#define CONF_RELAY        0x1000 /* ports 9000, 9001, 9002 pass bytes to c1, two, empty */

#define CONF_MIRRORS                                                                         \
	0x2000 /* "/mirrored/" and routes below /mirror/, most of them to c1 and mirrored to \
		* "shadow"                                                                   \
		*/

#define CONF_FIELDS 0x4000 /* "/fields" when x-user is jason, "/present" when cookie is there */

/* With CONF_STACK: TCP port 80 and UDP port 53, and TCP node port 30080, to endpoints. */
#define VIP_L4   "10.96.0.20"
#define VIP_L4_6 "2001:db8:96::20"

/** Compiles a configuration and makes it the lcore's; the caller frees the block. */
struct sl_snap *config_build(struct sl_lcore *lc, unsigned int conf, uint64_t epoch,
			     const struct sl_snap *prev);

/** Makes a compiled configuration the lcore's. */
void config_use(struct sl_lcore *lc, struct sl_snap *snap);

#endif
