export { ArchiveDamage } from './archive-damage.ts';
export { type ArchivedMessage, type ArchiveEnd, type ArchiveHeader } from './format.ts';
export {
  type ArchiveContent,
  type CheckedArchive,
  checkArchive,
  messagesOf,
  readArchive,
} from './read-archive.ts';
export {
  type ArchiveWriter,
  createArchive,
  type HeaderFields,
  type WrittenArchive,
} from './write-archive.ts';
