/* SPDX-License-Identifier: MIT */
/* What Linux' headers say, in a file of its own: their names are those of devices/abi/virtio.h. */
#include "tests/unit/virtio_linux.h"

#include <linux/virtio_blk.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <stddef.h>

#define BIT(n) (1ull << (n))

const u64 virtio_linux[VIRTIO_LINUX_NUMBERS] = {
	[LINUX_magic_value] = VIRTIO_MMIO_MAGIC_VALUE,
	[LINUX_version] = VIRTIO_MMIO_VERSION,
	[LINUX_device_id] = VIRTIO_MMIO_DEVICE_ID,
	[LINUX_vendor_id] = VIRTIO_MMIO_VENDOR_ID,
	[LINUX_device_features] = VIRTIO_MMIO_DEVICE_FEATURES,
	[LINUX_device_features_sel] = VIRTIO_MMIO_DEVICE_FEATURES_SEL,
	[LINUX_driver_features] = VIRTIO_MMIO_DRIVER_FEATURES,
	[LINUX_driver_features_sel] = VIRTIO_MMIO_DRIVER_FEATURES_SEL,
	[LINUX_queue_sel] = VIRTIO_MMIO_QUEUE_SEL,
	[LINUX_queue_num_max] = VIRTIO_MMIO_QUEUE_NUM_MAX,
	[LINUX_queue_num] = VIRTIO_MMIO_QUEUE_NUM,
	[LINUX_queue_ready] = VIRTIO_MMIO_QUEUE_READY,
	[LINUX_queue_notify] = VIRTIO_MMIO_QUEUE_NOTIFY,
	[LINUX_interrupt_status] = VIRTIO_MMIO_INTERRUPT_STATUS,
	[LINUX_interrupt_ack] = VIRTIO_MMIO_INTERRUPT_ACK,
	[LINUX_status] = VIRTIO_MMIO_STATUS,
	[LINUX_desc_low] = VIRTIO_MMIO_QUEUE_DESC_LOW,
	[LINUX_desc_high] = VIRTIO_MMIO_QUEUE_DESC_HIGH,
	[LINUX_driver_low] = VIRTIO_MMIO_QUEUE_AVAIL_LOW,
	[LINUX_driver_high] = VIRTIO_MMIO_QUEUE_AVAIL_HIGH,
	[LINUX_device_low] = VIRTIO_MMIO_QUEUE_USED_LOW,
	[LINUX_device_high] = VIRTIO_MMIO_QUEUE_USED_HIGH,
	[LINUX_shm_sel] = VIRTIO_MMIO_SHM_SEL,
	[LINUX_shm_len_low] = VIRTIO_MMIO_SHM_LEN_LOW,
	[LINUX_shm_base_high] = VIRTIO_MMIO_SHM_BASE_HIGH,
	[LINUX_generation] = VIRTIO_MMIO_CONFIG_GENERATION,
	[LINUX_config] = VIRTIO_MMIO_CONFIG,
	[LINUX_acknowledge] = VIRTIO_CONFIG_S_ACKNOWLEDGE,
	[LINUX_driver] = VIRTIO_CONFIG_S_DRIVER,
	[LINUX_driver_ok] = VIRTIO_CONFIG_S_DRIVER_OK,
	[LINUX_features_ok] = VIRTIO_CONFIG_S_FEATURES_OK,
	[LINUX_needs_reset] = VIRTIO_CONFIG_S_NEEDS_RESET,
	[LINUX_failed] = VIRTIO_CONFIG_S_FAILED,
	[LINUX_version_1] = BIT(VIRTIO_F_VERSION_1),
	[LINUX_access_platform] = BIT(VIRTIO_F_ACCESS_PLATFORM),
	[LINUX_interrupt_used] = VIRTIO_MMIO_INT_VRING,
	[LINUX_interrupt_changed] = VIRTIO_MMIO_INT_CONFIG,
	[LINUX_next] = VRING_DESC_F_NEXT,
	[LINUX_write] = VRING_DESC_F_WRITE,
	[LINUX_indirect] = VRING_DESC_F_INDIRECT,
	[LINUX_no_interrupt] = VRING_AVAIL_F_NO_INTERRUPT,
	[LINUX_no_notify] = VRING_USED_F_NO_NOTIFY,
	[LINUX_desc_bytes] = sizeof(struct vring_desc),
	[LINUX_desc_next] = offsetof(struct vring_desc, next),
	[LINUX_used_bytes] = sizeof(struct vring_used_elem),
	[LINUX_used_ring] = offsetof(struct vring_used, ring),
	[LINUX_id] = VIRTIO_ID_BLOCK,
	[LINUX_size_max] = BIT(VIRTIO_BLK_F_SIZE_MAX),
	[LINUX_seg_max] = BIT(VIRTIO_BLK_F_SEG_MAX),
	[LINUX_ro] = BIT(VIRTIO_BLK_F_RO),
	[LINUX_flush] = BIT(VIRTIO_BLK_F_FLUSH),
	[LINUX_config_seg_max] = offsetof(struct virtio_blk_config, seg_max),
	[LINUX_in] = VIRTIO_BLK_T_IN,
	[LINUX_out] = VIRTIO_BLK_T_OUT,
	[LINUX_t_flush] = VIRTIO_BLK_T_FLUSH,
	[LINUX_get_id] = VIRTIO_BLK_T_GET_ID,
	[LINUX_header_sector] = offsetof(struct virtio_blk_outhdr, sector),
	[LINUX_ok] = VIRTIO_BLK_S_OK,
	[LINUX_ioerr] = VIRTIO_BLK_S_IOERR,
	[LINUX_unsupp] = VIRTIO_BLK_S_UNSUPP,
	[LINUX_id_bytes] = VIRTIO_BLK_ID_BYTES,
};
