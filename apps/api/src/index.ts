export { openApiDocument } from './openapi/document.ts';
export { routes } from './routes.ts';
