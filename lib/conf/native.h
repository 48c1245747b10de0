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

#endif
