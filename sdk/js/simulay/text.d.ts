// Files the build puts into the component as text.
declare module "*.m" {
  const text: string;
  export default text;
}
declare module "*.md" {
  const text: string;
  export default text;
}
