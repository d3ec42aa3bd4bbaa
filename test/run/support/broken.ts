export const broken = (): never => {
  throw new Error('broken');
};
