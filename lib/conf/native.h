/* SPDX-License-Identifier: BSD-3-Clause */
/* What the readers of the native configuration share. */
#ifndef SL_CONF_NATIVE_H
#define SL_CONF_NATIVE_H

#include "box.h"

int sl_native_no_memory(struct sl_reader *r);

/** Notes where an object is written. 0 or -ENOMEM with a text. */
int sl_native_origin(struct sl_reader *r, const config_setting_t *s, struct sl_origin *origin);

/** Elements of a list that may be absent. */
static inline int sl_native_length(const config_setting_t *list)
{
	return list ? config_setting_length(list) : 0;
}

/** Where a route or a listener leads: to one cluster, or to those of a list by weight. */
int sl_native_weights_read(struct sl_reader *r, const char *cluster,
			   const config_setting_t *clusters, struct sl_model_route *route);
/** Adds a route. 0 or -errno with a text. */
int sl_native_route_read(struct sl_reader *r, const config_setting_t *s,
			 struct sl_model_vhost *vhost);

/* Groups of a cluster (native_policy.c); dst is the struct sl_model_cluster. 0 or -errno. */
int sl_native_hash_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_limits_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_warmup_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_ejection_read(struct sl_reader *r, const config_setting_t *s, void *dst);
int sl_native_check_read(struct sl_reader *r, const config_setting_t *s, void *dst);

/** What is known of names while sluice.conf is translated. */
struct sl_native_names {
	const struct sl_objects *set;
	const struct sl_conf_box *box; /* its own addresses become no endpoints */
};

/**
 * Reads an endpoint that is written as "NAME:PORT": one for each address that the name has.
 *
 * @param like What they have besides an address. Those that the cluster has already stay.
 * @return 0, or -EINVAL (no such text, or too many names), -ENOMEM.
 */
int sl_native_name_read(struct sl_reader *r, const config_setting_t *s, const char *text,
			const struct sl_model_endpoint *like, struct sl_model_cluster *cluster);

/** Whether a text is "NAME:PORT"; then both are set. */
bool sl_native_name(const char *text, char name[SL_NAME_TEXT_MAX], uint16_t *port);

#endif
