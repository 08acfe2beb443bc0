/* SPDX-License-Identifier: Apache-2.0 */
/* layout.h - what ext4 looks like on the disk.
 *
 * From Documentation/filesystems/ext4 of the kernel: super.rst, group_descr.rst, inodes.rst, ifork.rst,
 * directory.rst, attributes.rst, journal.rst, checksums.rst. Fields are little endian, the journal's big
 * endian. Sizes in blocks of 4096 are the writer's, mkfs' and no other's: the reader asks the superblock. */
#ifndef BERTH_EXT4_LAYOUT_H
#define BERTH_EXT4_LAYOUT_H

#include <endian.h>
#include <stdint.h>

typedef uint16_t le16;
typedef uint32_t le32;
typedef uint64_t le64;
typedef uint32_t be32;

#define EXT4_BLOCK 4096u
#define EXT4_BLOCK_BITS 12
#define EXT4_GROUP_BLOCKS 32768u /* as many as a bitmap of one block has bits */
#define EXT4_INODE_SIZE 256u
#define EXT4_INODES_PER_BLOCK (EXT4_BLOCK / EXT4_INODE_SIZE)
#define EXT4_DESC_SIZE 64u
#define EXT4_DESCS_PER_BLOCK (EXT4_BLOCK / EXT4_DESC_SIZE)
#define EXT4_NAME_MAX 255u
#define EXT4_LINK_MAX 65000u
#define EXT4_MAX_LBLK 0xffffffffu /* a file has at most that many blocks */
#define EXT4_FAST_LINK 60u        /* a symlink shorter than this lives in its inode */

enum { EXT4_ROOT_INO = 2, EXT4_JOURNAL_INO = 8, EXT4_FIRST_INO = 11 };

/* super.rst: feature sets */
#define EXT4_COMPAT_HAS_JOURNAL 0x0004u
#define EXT4_COMPAT_EXT_ATTR 0x0008u
#define EXT4_COMPAT_DIR_INDEX 0x0020u
#define EXT4_COMPAT_SPARSE_SUPER2 0x0200u
#define EXT4_INCOMPAT_FILETYPE 0x0002u
#define EXT4_INCOMPAT_EXTENTS 0x0040u
#define EXT4_INCOMPAT_64BIT 0x0080u
#define EXT4_INCOMPAT_FLEX_BG 0x0200u
#define EXT4_RO_SPARSE_SUPER 0x0001u
#define EXT4_RO_LARGE_FILE 0x0002u
#define EXT4_RO_HUGE_FILE 0x0008u
#define EXT4_RO_DIR_NLINK 0x0020u
#define EXT4_RO_EXTRA_ISIZE 0x0040u
#define EXT4_RO_METADATA_CSUM 0x0400u

/* What others make and the reader meets. */
#define EXT4_COMPAT_FAST_COMMIT 0x0400u
#define EXT4_COMPAT_ORPHAN_FILE 0x1000u
#define EXT4_INCOMPAT_RECOVER 0x0004u
#define EXT4_INCOMPAT_META_BG 0x0010u
#define EXT4_INCOMPAT_MMP 0x0100u
#define EXT4_INCOMPAT_EA_INODE 0x0400u
#define EXT4_INCOMPAT_CSUM_SEED 0x2000u
#define EXT4_INCOMPAT_LARGEDIR 0x4000u
#define EXT4_INCOMPAT_INLINE_DATA 0x8000u
#define EXT4_INCOMPAT_ENCRYPT 0x10000u
#define EXT4_INCOMPAT_CASEFOLD 0x20000u
#define EXT4_RO_GDT_CSUM 0x0010u
#define EXT4_RO_QUOTA 0x0100u
#define EXT4_RO_BIGALLOC 0x0200u
#define EXT4_RO_SHARED_BLOCKS 0x4000u
#define EXT4_RO_PROJECT 0x2000u
#define EXT4_RO_ORPHAN_PRESENT 0x10000u

#define EXT4_MAGIC 0xef53u
#define EXT4_SB_OFFSET 1024u
#define EXT4_DEFM_XATTR_USER 0x0004u
#define EXT4_DEFM_ACL 0x0008u
#define EXT4_DEFM_JMODE_DATA 0x0020u
#define EXT4_DEFM_JMODE_ORDERED 0x0040u
#define EXT4_DEFM_JMODE_WBACK 0x0060u
#define EXT4_FLAGS_SIGNED_HASH 1u
#define EXT4_FLAGS_UNSIGNED_HASH 2u

struct ext4_super {
	le32 inodes_count;         /* 0x000 */
	le32 blocks_count_lo;      /* 0x004 */
	le32 r_blocks_count_lo;    /* 0x008 */
	le32 free_blocks_count_lo; /* 0x00c */
	le32 free_inodes_count;    /* 0x010 */
	le32 first_data_block;     /* 0x014 */
	le32 log_block_size;       /* 0x018: 1024 << this */
	le32 log_cluster_size;     /* 0x01c */
	le32 blocks_per_group;     /* 0x020 */
	le32 clusters_per_group;   /* 0x024 */
	le32 inodes_per_group;     /* 0x028 */
	le32 mtime;                /* 0x02c */
	le32 wtime;                /* 0x030 */
	le16 mnt_count;            /* 0x034 */
	le16 max_mnt_count;        /* 0x036 */
	le16 magic;                /* 0x038 */
	le16 state;                /* 0x03a: 1 clean */
	le16 errors;               /* 0x03c: 2 remount read-only */
	le16 minor_rev_level;      /* 0x03e */
	le32 lastcheck;            /* 0x040 */
	le32 checkinterval;        /* 0x044 */
	le32 creator_os;           /* 0x048 */
	le32 rev_level;            /* 0x04c */
	le16 def_resuid;           /* 0x050 */
	le16 def_resgid;           /* 0x052 */
	le32 first_ino;            /* 0x054 */
	le16 inode_size;           /* 0x058 */
	le16 block_group_nr;       /* 0x05a */
	le32 feature_compat;       /* 0x05c */
	le32 feature_incompat;     /* 0x060 */
	le32 feature_ro_compat;    /* 0x064 */
	uint8_t uuid[16];          /* 0x068 */
	char volume_name[16];      /* 0x078 */
	char last_mounted[64];     /* 0x088 */
	le32 algorithm_usage;      /* 0x0c8 */
	uint8_t prealloc[2];       /* 0x0cc */
	le16 reserved_gdt_blocks;  /* 0x0ce */
	uint8_t journal_uuid[16];  /* 0x0d0 */
	le32 journal_inum;         /* 0x0e0 */
	le32 journal_dev;          /* 0x0e4 */
	le32 last_orphan;          /* 0x0e8 */
	le32 hash_seed[4];         /* 0x0ec */
	uint8_t def_hash_version;  /* 0x0fc: 1 half MD4 */
	uint8_t jnl_backup_type;   /* 0x0fd: 1, jnl_blocks holds i_block and i_size */
	le16 desc_size;            /* 0x0fe */
	le32 default_mount_opts;   /* 0x100 */
	le32 first_meta_bg;        /* 0x104 */
	le32 mkfs_time;            /* 0x108 */
	le32 jnl_blocks[17];       /* 0x10c */
	le32 blocks_count_hi;      /* 0x150 */
	le32 r_blocks_count_hi;    /* 0x154 */
	le32 free_blocks_count_hi; /* 0x158 */
	le16 min_extra_isize;      /* 0x15c */
	le16 want_extra_isize;     /* 0x15e */
	le32 flags;                /* 0x160: sign of the directory hash */
	le16 raid_stride;          /* 0x164 */
	le16 mmp_interval;         /* 0x166 */
	le64 mmp_block;            /* 0x168 */
	le32 raid_stripe_width;    /* 0x170 */
	uint8_t log_groups_per_flex; /* 0x174 */
	uint8_t checksum_type;     /* 0x175: 1 crc32c */
	le16 pad0;                 /* 0x176 */
	uint8_t unused0[0xc8];     /* 0x178 */
	le32 quota_inum[2];        /* 0x240: of users, of groups */
	le32 overhead;             /* 0x248 */
	le32 backup_bgs[2];        /* 0x24c: with sparse_super2 */
	uint8_t unused1[0x18];     /* 0x254 */
	le32 prj_quota_inum;       /* 0x26c */
	le32 checksum_seed;        /* 0x270: with csum_seed, in place of the UUID's checksum */
	uint8_t unused2[0xc];      /* 0x274 */
	le32 orphan_file_inum;     /* 0x280 */
	uint8_t unused3[0x178];    /* 0x284 */
	le32 checksum;             /* 0x3fc */
};
_Static_assert(sizeof(struct ext4_super) == 1024, "");
_Static_assert(__builtin_offsetof(struct ext4_super, backup_bgs) == 0x24c, "");
_Static_assert(__builtin_offsetof(struct ext4_super, orphan_file_inum) == 0x280, "");

#define EXT4_BG_INODE_UNINIT 0x1u
#define EXT4_BG_BLOCK_UNINIT 0x2u
#define EXT4_BG_INODE_ZEROED 0x4u

struct ext4_group_desc {
	le32 block_bitmap_lo;      /* 0x00 */
	le32 inode_bitmap_lo;      /* 0x04 */
	le32 inode_table_lo;       /* 0x08 */
	le16 free_blocks_lo;       /* 0x0c */
	le16 free_inodes_lo;       /* 0x0e */
	le16 used_dirs_lo;         /* 0x10 */
	le16 flags;                /* 0x12 */
	le32 exclude_bitmap_lo;    /* 0x14 */
	le16 block_bitmap_csum_lo; /* 0x18 */
	le16 inode_bitmap_csum_lo; /* 0x1a */
	le16 itable_unused_lo;     /* 0x1c */
	le16 checksum;             /* 0x1e */
	le32 block_bitmap_hi;      /* 0x20 */
	le32 inode_bitmap_hi;      /* 0x24 */
	le32 inode_table_hi;       /* 0x28 */
	le16 free_blocks_hi;       /* 0x2c */
	le16 free_inodes_hi;       /* 0x2e */
	le16 used_dirs_hi;         /* 0x30 */
	le16 itable_unused_hi;     /* 0x32 */
	le32 exclude_bitmap_hi;    /* 0x34 */
	le16 block_bitmap_csum_hi; /* 0x38 */
	le16 inode_bitmap_csum_hi; /* 0x3a */
	le32 reserved;             /* 0x3c */
};
_Static_assert(sizeof(struct ext4_group_desc) == EXT4_DESC_SIZE, "");

#define EXT4_INDEX_FL 0x00001000u
#define EXT4_EXTENTS_FL 0x00080000u
#define EXT4_ENCRYPT_FL 0x00000800u
#define EXT4_VERITY_FL 0x00100000u
#define EXT4_EA_INODE_FL 0x00200000u
#define EXT4_INLINE_DATA_FL 0x10000000u
#define EXT4_CASEFOLD_FL 0x40000000u
#define EXT4_HUGE_FILE_FL 0x00040000u /* i_blocks counts blocks, not sectors */

struct ext4_inode {
	le16 mode;           /* 0x00 */
	le16 uid_lo;         /* 0x02 */
	le32 size_lo;        /* 0x04 */
	le32 atime;          /* 0x08 */
	le32 ctime;          /* 0x0c */
	le32 mtime;          /* 0x10 */
	le32 dtime;          /* 0x14 */
	le16 gid_lo;         /* 0x18 */
	le16 links_count;    /* 0x1a */
	le32 blocks_lo;      /* 0x1c: of 512 bytes */
	le32 flags;          /* 0x20 */
	le32 version;        /* 0x24 */
	uint8_t block[60];   /* 0x28 */
	le32 generation;     /* 0x64 */
	le32 file_acl_lo;    /* 0x68 */
	le32 size_hi;        /* 0x6c */
	le32 obso_faddr;     /* 0x70 */
	le16 blocks_hi;      /* 0x74 */
	le16 file_acl_hi;    /* 0x76 */
	le16 uid_hi;         /* 0x78 */
	le16 gid_hi;         /* 0x7a */
	le16 checksum_lo;    /* 0x7c */
	le16 reserved;       /* 0x7e */
	le16 extra_isize;    /* 0x80 */
	le16 checksum_hi;    /* 0x82 */
	le32 ctime_extra;    /* 0x84: nanoseconds << 2 | epoch */
	le32 mtime_extra;    /* 0x88 */
	le32 atime_extra;    /* 0x8c */
	le32 crtime;         /* 0x90 */
	le32 crtime_extra;   /* 0x94 */
	le32 version_hi;     /* 0x98 */
	le32 projid;         /* 0x9c */
	uint8_t xattr[96];   /* 0xa0: le32 magic, then entries; values from the end */
};
_Static_assert(sizeof(struct ext4_inode) == EXT4_INODE_SIZE, "");
#define EXT4_EXTRA_ISIZE 32u

/* ifork.rst: extent trees */
#define EXT4_EXT_MAGIC 0xf30au
#define EXT4_EXT_MAX_LEN 32768u
#define EXT4_EXT_IN_INODE 4u
#define EXT4_EXT_IN_BLOCK 340u /* (4096 - 12 - 4) / 12 */

struct ext4_extent_header {
	le16 magic;      /* 0x0 */
	le16 entries;    /* 0x2 */
	le16 max;        /* 0x4 */
	le16 depth;      /* 0x6 */
	le32 generation; /* 0x8 */
};
struct ext4_extent {
	le32 block;    /* 0x0 */
	le16 len;      /* 0x4 */
	le16 start_hi; /* 0x6 */
	le32 start_lo; /* 0x8 */
};
struct ext4_extent_idx {
	le32 block;   /* 0x0 */
	le32 leaf_lo; /* 0x4 */
	le16 leaf_hi; /* 0x8 */
	le16 unused;  /* 0xa */
};
_Static_assert(sizeof(struct ext4_extent_header) == 12, "");
_Static_assert(sizeof(struct ext4_extent) == 12, "");
_Static_assert(sizeof(struct ext4_extent_idx) == 12, "");

/* directory.rst */
enum ext4_ftype {
	EXT4_FT_UNKNOWN, EXT4_FT_REG, EXT4_FT_DIR, EXT4_FT_CHR, EXT4_FT_BLK, EXT4_FT_FIFO, EXT4_FT_SOCK,
	EXT4_FT_SYMLINK, EXT4_FT_CSUM = 0xde,
};
struct ext4_dirent {
	le32 ino;         /* 0x0 */
	le16 rec_len;     /* 0x4 */
	uint8_t name_len; /* 0x6 */
	uint8_t ftype;    /* 0x7 */
	char name[];      /* 0x8 */
};
struct ext4_dir_tail {
	le32 zero;      /* 0x0 */
	le16 rec_len;   /* 0x4: 12 */
	uint8_t zero2;  /* 0x6 */
	uint8_t ftype;  /* 0x7: EXT4_FT_CSUM */
	le32 checksum;  /* 0x8 */
};
struct ext4_dx_entry {
	le32 hash;  /* 0x0: in the first of a block limit and count stand here */
	le32 block; /* 0x4 */
};
struct ext4_dx_root_info {
	le32 reserved;        /* 0x0 */
	uint8_t hash_version; /* 0x4 */
	uint8_t info_len;     /* 0x5: 8 */
	uint8_t levels;       /* 0x6 */
	uint8_t flags;        /* 0x7 */
};
struct ext4_dx_tail {
	le32 reserved; /* 0x0 */
	le32 checksum; /* 0x4 */
};
_Static_assert(sizeof(struct ext4_dirent) == 8, "");
_Static_assert(sizeof(struct ext4_dir_tail) == 12, "");
_Static_assert(sizeof(struct ext4_dx_entry) == 8, "");
#define EXT4_DX_HALF_MD4 1
#define EXT4_DX_ROOT_OFFSET 0x20u /* of the first dx_entry in block 0 */
#define EXT4_DX_NODE_OFFSET 0x08u /* and in the blocks below it */
#define EXT4_DX_ROOT_MAX 507u     /* (4096 - 0x20 - 8) / 8 */
#define EXT4_DX_NODE_MAX 510u     /* (4096 - 0x08 - 8) / 8 */

/* attributes.rst */
#define EXT4_XATTR_MAGIC 0xea020000u
#define EXT4_XATTR_REFS_MAX 1024u
#define EXT4_XATTR_IN_INODE 92u   /* 96 less the magic */
#define EXT4_XATTR_IN_BLOCK 4064u /* 4096 less the header */

enum { EXT4_XATTR_USER = 1, EXT4_XATTR_ACL_ACCESS, EXT4_XATTR_ACL_DEFAULT, EXT4_XATTR_TRUSTED,
       EXT4_XATTR_SECURITY = 6 };

struct ext4_xattr_header {
	le32 magic;       /* 0x00 */
	le32 refcount;    /* 0x04 */
	le32 blocks;      /* 0x08 */
	le32 hash;        /* 0x0c */
	le32 checksum;    /* 0x10 */
	le32 reserved[3]; /* 0x14 */
};
struct ext4_xattr_entry {
	uint8_t name_len;   /* 0x0 */
	uint8_t name_index; /* 0x1 */
	le16 value_offs;    /* 0x2 */
	le32 value_inum;    /* 0x4 */
	le32 value_size;    /* 0x8 */
	le32 hash;          /* 0xc */
};
_Static_assert(sizeof(struct ext4_xattr_header) == 32, "");
_Static_assert(sizeof(struct ext4_xattr_entry) == 16, "");

/* journal.rst, big endian */
#define JBD2_MAGIC 0xc03b3998u
#define JBD2_SUPERBLOCK_V2 4u

struct jbd2_super {
	be32 magic;       /* 0x00 */
	be32 blocktype;   /* 0x04 */
	be32 header_seq;  /* 0x08 */
	be32 blocksize;   /* 0x0c */
	be32 maxlen;      /* 0x10: in blocks */
	be32 first;       /* 0x14 */
	be32 sequence;    /* 0x18 */
	be32 start;       /* 0x1c: 0, nothing to replay */
	be32 err;         /* 0x20 */
	be32 compat;      /* 0x24 */
	be32 incompat;    /* 0x28 */
	be32 ro_compat;   /* 0x2c */
	uint8_t uuid[16]; /* 0x30 */
	be32 nr_users;    /* 0x40 */
	uint8_t rest[0x3bc]; /* 0x44 */
};
_Static_assert(sizeof(struct jbd2_super) == 1024, "");

enum { JBD2_DESCRIPTOR = 1, JBD2_COMMIT, JBD2_SUPER_V1, JBD2_SUPER_V2, JBD2_REVOKE };
#define JBD2_COMPAT_CHECKSUM 0x01u /* a commit has the CRC-32 of its transaction */
#define JBD2_CHECKSUM_CRC32 1u
#define JBD2_INCOMPAT_REVOKE 0x01u
#define JBD2_INCOMPAT_64BIT 0x02u
#define JBD2_INCOMPAT_ASYNC_COMMIT 0x04u
#define JBD2_INCOMPAT_CSUM_V2 0x08u
#define JBD2_INCOMPAT_CSUM_V3 0x10u
#define JBD2_INCOMPAT_FAST_COMMIT 0x20u
#define JBD2_TAG_ESCAPE 1u /* the block began with the magic, which was taken out */
#define JBD2_TAG_SAME_UUID 2u
#define JBD2_TAG_LAST 8u

struct jbd2_header {
	be32 magic;     /* 0x0 */
	be32 blocktype; /* 0x4 */
	be32 sequence;  /* 0x8 */
};
_Static_assert(sizeof(struct jbd2_header) == 12, "");

#endif
